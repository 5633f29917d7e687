package io.skerry.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// One run, as the generator reported it.
///
/// @param seconds the measured window
/// @param count connections, requests or datagrams that came back (or reached the origin)
/// @param sent datagrams or requests that left
/// @param bytes payload received, of a bulk run
/// @param errors what failed; for UDP what was lost
/// @param proxyCpu user and system seconds of the proxy's process tree in the window
/// @param originCpu the same of the origin
/// @param generatorCpu the same of the generator
/// @param latencies of an open-loop run: highest value of a slot in nanoseconds, how many
record Measured(
        double seconds,
        long count,
        long sent,
        long bytes,
        long errors,
        double proxyCpu,
        double originCpu,
        double generatorCpu,
        List<Slot> latencies) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /// @param upperNanos the highest latency the slot stands for
    /// @param count how many fell into it
    record Slot(long upperNanos, long count) {}

    static Measured read(String line) throws IOException {
        JsonNode json = JSON.readTree(line);
        if (json.path("badHeaders").asLong() != 0) {
            throw new IOException("the origin saw connections without the PROXY header it demands");
        }
        List<Slot> slots = new ArrayList<>();
        json.path("histogram")
                .forEach(each -> slots.add(new Slot(each.get(0).asLong(), each.get(1).asLong())));
        return new Measured(
                json.path("seconds").asDouble(),
                json.path("count").asLong(),
                json.path("sent").asLong(),
                json.path("bytes").asLong(),
                json.path("errors").asLong(),
                json.path("proxyCpu").asDouble(),
                json.path("originCpu").asDouble(),
                json.path("generatorCpu").asDouble(),
                slots);
    }

    double perSecond() {
        return count / seconds;
    }

    /// Microseconds of the proxy's CPU per thing counted.
    double cpuMicros() {
        return count == 0 ? Double.NaN : proxyCpu * 1e6 / count;
    }

    /// Things counted per second of the proxy's CPU.
    double perCpuSecond() {
        return proxyCpu == 0 ? Double.NaN : count / proxyCpu;
    }

    double gigabits() {
        return bytes * 8 / 1e9 / seconds;
    }

    double cpuMicrosPerMegabyte() {
        return bytes == 0 ? Double.NaN : proxyCpu * 1e6 / (bytes / 1e6);
    }

    double lossPercent() {
        return sent == 0 ? 0 : 100.0 * errors / sent;
    }

    /// The share of its core the generator and the origin together kept busy, 0 to 1.
    double loadCoreBusy() {
        return (originCpu + generatorCpu) / seconds;
    }

    /// The share of its core the proxy kept busy, 0 to 1.
    double proxyCoreBusy() {
        return proxyCpu / seconds;
    }

    /// The latency in microseconds that a share of the requests did not exceed.
    ///
    /// @param share above 0, at most 1
    double percentileMicros(double share) {
        long total = latencies.stream().mapToLong(Slot::count).sum();
        if (total == 0) {
            return Double.NaN;
        }
        long wanted = (long) Math.ceil(total * share);
        long seen = 0;
        for (Slot slot : latencies) {
            seen += slot.count();
            if (seen >= wanted) {
                return slot.upperNanos() / 1e3;
            }
        }
        return latencies.getLast().upperNanos() / 1e3;
    }
}
