-- wrk: POST /infer with one window; every answer is looked at. The last line printed is for bench/service.
local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return (text:gsub("%s+$", ""))
end

local threads = {}
function setup(thread) table.insert(threads, thread) end

function init()
  wrk.method = "POST"
  wrk.path = "/infer"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = read(os.getenv("BODY"))
  expected = '{"latent":' .. read(os.getenv("LATENT"))
  answered, refused, wrong = 0, 0, 0
end

function response(status, _, body)
  if status == 429 then
    refused = refused + 1
  elseif status == 200 and body:sub(1, #expected) == expected then
    answered = answered + 1
  else
    wrong = wrong + 1
  end
end

function done(summary, latency)
  local answered, refused, wrong = 0, 0, 0
  for _, thread in ipairs(threads) do
    answered = answered + thread:get("answered")
    refused = refused + thread:get("refused")
    wrong = wrong + thread:get("wrong")
  end
  local errors = summary.errors
  wrong = wrong + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("%8.0f %8.2f %8.2f %8d %8d\n", answered / (summary.duration / 1e6), latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, refused, wrong))
end
