/* What makes the pages quicker to use. Every page works without it.
   Listeners sit on the document, so parts that htmx swaps in need no set-up of their own. */
(function () {
  "use strict";
  var root = document.documentElement;

  /* Menu on a narrow screen */
  var menuButton = document.querySelector(".menu-button");
  if (menuButton) {
    menuButton.addEventListener("click", function () {
      var open = document.getElementById("site-menu").classList.toggle("is-open");
      menuButton.setAttribute("aria-expanded", String(open));
    });
  }

  /* Light or dark, remembered in this browser */
  function isDark() {
    var chosen = root.getAttribute("data-color-scheme");
    return chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  }
  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-theme-toggle]")) return;
    var next = isDark() ? "light" : "dark";
    root.setAttribute("data-color-scheme", next);
    try { localStorage.setItem("matcher-color-scheme", next); } catch (error) { /* not remembered, still changed */ }
  });

  /* A menu closes when one clicks or tabs elsewhere, or presses Escape */
  function closeMenus(except) {
    document.querySelectorAll(".user-menu[open]").forEach(function (menu) {
      if (!except || !menu.contains(except)) menu.open = false;
    });
  }
  document.addEventListener("click", function (event) { closeMenus(event.target); });
  document.addEventListener("focusin", function (event) { closeMenus(event.target); });

  /* Characters left: shown at once, told to a screen reader when the typing rests */
  var restTimer = 0;
  function count(area) {
    var note = document.getElementById(area.id + "-counter");
    if (!note) return;
    var left = Number(area.dataset.limit) - Array.from(area.value).length;
    note.textContent = (left < 0 ? note.dataset.over : note.dataset.left).replace("{n}", String(Math.abs(left)));
    note.classList.toggle("is-over", left < 0);
    clearTimeout(restTimer);
    restTimer = setTimeout(function () { note.setAttribute("aria-live", "polite"); }, 900);
  }
  document.querySelectorAll("textarea[data-limit]").forEach(function (area) { if (area.value) count(area); });

  /* A form that was changed asks before it is left: <form data-warn-unsaved> */
  var changed = null;
  document.addEventListener("input", function (event) {
    if (event.target.matches("textarea[data-limit]")) count(event.target);
    changed = event.target.closest("form[data-warn-unsaved]") || changed;
  });
  document.addEventListener("submit", function (event) { if (event.target === changed) changed = null; });
  addEventListener("beforeunload", function (event) {
    if (changed && changed.isConnected) event.preventDefault();
  });

  /* Filters take effect when changed: <form data-autosubmit>; focus comes back after a full page load */
  document.addEventListener("change", function (event) {
    var form = event.target.closest("form[data-autosubmit]");
    if (!form || !event.target.matches("select, input[type=checkbox], input[type=radio]")) return;
    try { sessionStorage.setItem("matcher-focus", event.target.id); } catch (error) { /* focus starts at the top */ }
    form.requestSubmit();
  });

  /* A ready-made text follows the choice it belongs to, as long as nobody has changed it: <form data-texts-of="reason"
     data-text-to="comment"> with <input data-text-for="code"> */
  document.addEventListener("change", function (event) {
    var form = event.target.closest("form[data-texts-of]");
    if (!form || event.target.name !== form.dataset.textsOf) return;
    var area = form.elements[form.dataset.textTo], texts = Array.from(form.querySelectorAll("[data-text-for]"));
    var written = area.value.trim();
    if (written && !texts.some(function (text) { return text.value.trim() === written; })) return;
    var chosen = texts.find(function (text) { return text.dataset.textFor === event.target.value; });
    area.value = chosen ? chosen.value : "";
  });

  /* Where to stand: the error summary first, else where the filter was */
  function focusFirst(within) {
    var first = within.querySelector("[data-focus-first]");
    if (first) first.focus();
  }
  if (!document.querySelector("[data-focus-first]")) { /* at load the browser's own autofocus stands there */
    try {
      var back = document.getElementById(sessionStorage.getItem("matcher-focus") || "");
      sessionStorage.removeItem("matcher-focus");
      if (back) back.focus();
    } catch (error) { /* no storage, no focus to restore */ }
  }
  document.addEventListener("htmx:after:swap", function (event) {
    focusFirst(event.target.isConnected ? event.target : document);
  });

  /* Keyboard in lists: <… data-shortcuts> holds items [data-item]; inside an item [data-key="o"] and so on.
     Off unless the person has turned it on (WCAG 2.1.4); never while typing or with Ctrl, Alt or Meta. */
  function items() {
    return Array.from(document.querySelectorAll("[data-shortcuts] [data-item]")).filter(function (item) {
      return item.offsetParent !== null;  // not those in a list that is folded up
    });
  }
  function current() { return document.activeElement && document.activeElement.closest("[data-item]"); }
  function move(step) {
    var all = items();
    var at = all.indexOf(current());
    var next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    if (!next) return;
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  function press(key) {
    var scope = (key !== "/" && current()) || document;
    var target = scope.querySelector('[data-key="' + CSS.escape(key) + '"]');
    if (!target || (scope === document && key !== "/" && target.closest("[data-item]"))) return false;
    if (target.matches("input[type=search], input[type=text]")) target.focus(); else target.click();
    var panel = target.matches("summary") && target.parentElement;
    if (panel && panel.open) {
      var first = panel.querySelector("select, textarea, input:not([type=hidden]), button");
      if (first) first.focus();
    }
    return true;
  }
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      closeMenus(null);
      var panel = event.target.closest && event.target.closest(".confirm[open]");
      if (panel) { panel.open = false; panel.querySelector("summary").focus(); }
    }
    if (document.body.dataset.keyboard !== "on" || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    if (event.key === "Enter" && event.target.matches("[data-item]")) { press("o"); return; }
    var done = true;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "?") document.getElementById("shortcut-help").showModal();
    else if (event.key.length === 1) done = press(event.key);
    else done = false;
    if (done) event.preventDefault();
  });
})();
