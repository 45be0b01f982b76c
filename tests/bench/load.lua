-- Asks for the addresses of a file in turn, each time as another visitor, and writes what it took as one line.
local paths, at, visitor = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
  math.randomseed(tonumber(args[2]))
  visitor = math.random(0, 65535)
end

function request()
  at, visitor = at % #paths + 1, (visitor + 1) % 65536
  -- The limits of a visitor count by address: behind a proxy, by the one that it names.
  wrk.headers["X-Forwarded-For"] = "10.77." .. math.floor(visitor / 256) .. "." .. visitor % 256
  return wrk.format("GET", paths[at])
end

function done(summary, latency, requests)
  local failed = summary.errors
  io.write(string.format("figures %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(95),
    failed.connect + failed.read + failed.write + failed.timeout + failed.status))
end
