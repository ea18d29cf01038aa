-- Sends random requests from a file. Each line has a method, a path and an optional third column, separated by tabs:
-- the body of a POST, PUT or PATCH, else an ETag for If-None-Match. Prints the result as one line of JSON.

local requests = {}

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, rest = line:match("^(%u+)\t([^\t]+)\t?(.*)$")
    local headers = {}
    local body = nil
    if method == "POST" or method == "PUT" or method == "PATCH" then
      headers["Content-Type"] = "application/json"
      body = rest
    elseif rest ~= "" then
      headers["If-None-Match"] = rest
    end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
  math.randomseed(os.time())
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
