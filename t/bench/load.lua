-- What wrk sends: requests of a set that Bench.pm has signed and written, one
-- after the other from START on. A set of distinct events ends the run when
-- it is used up, one that may be sent again begins anew. With FILL it is the
-- first one that is sent, to another location and so many times, each with
-- another event in a header.

local ffi = require "ffi"

ffi.cdef [[
int open(const char *path, int flags, ...);
void *mmap(void *addr, size_t len, int prot, int flags, int fd, long offset);
int getpid(void);
int kill(int pid, int sig);
]]

local base, length, count, n, again, fill

function setup(t)
    thread = t
end

function init()
    local set = os.getenv("SET")

    length = tonumber(os.getenv("LENGTH"))
    count = tonumber(os.getenv("COUNT"))
    again = os.getenv("AGAIN") == "1"
    n = tonumber(os.getenv("START"))
    handed = 0

    local fd = ffi.C.open(set, 0)
    assert(fd >= 0, "no set " .. set)

    local p = ffi.C.mmap(nil, length * count, 1, 1, fd, 0)
    assert(ffi.cast("intptr_t", p) ~= -1, "no memory for " .. set)

    base = ffi.cast("const char *", p)

    if os.getenv("FILL") then
        count = tonumber(os.getenv("FILL"))
        fill = ffi.string(base, length):gsub("/hook", "/fill", 1)
               :gsub("\r\n", "\r\nX-Event: %%012d\r\n", 1)
    end
end

function request()
    if n == count then
        if again then
            n = 0

        else
            wrk.thread:stop()

            -- SIGINT: the main thread would sleep until its time is over
            ffi.C.kill(ffi.C.getpid(), 2)

            n = count - 1
        end
    end

    local r = fill and fill:format(n)
              or ffi.string(base + n * length, length)

    n = n + 1
    handed = handed + 1

    return r
end

function done(summary, latency)
    local e = summary.errors

    print(string.format("RESULT requests=%d us=%d handed=%d refused=%d " ..
        "broken=%d p50=%d p99=%d", summary.requests, summary.duration,
        thread:get("handed"), e.status, e.connect + e.read + e.write
        + e.timeout, latency:percentile(50), latency:percentile(99)))
end
