/* Runs before the first paint: the chosen colour scheme, and a mark that scripts are on. */
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var scheme = localStorage.getItem("matcher-color-scheme");
    if (scheme === "light" || scheme === "dark") root.setAttribute("data-color-scheme", scheme);
  } catch (error) {
    /* Storage may be closed by the browser's settings: the system's scheme is used. */
  }
})();
