package io.skerry.load;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// The results as they were measured: `results.json` has every run whole, `results.csv` one number
/// a line.
final class RawResults {
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private RawResults() {}

    static void write(Results results, Path folder) throws IOException {
        Files.writeString(folder.resolve("results.json"), json(results));
        Files.writeString(folder.resolve("results.csv"), csv(results));
    }

    static String csv(Results results) {
        StringBuilder text = new StringBuilder("scenario,metric,contender,run,value\n");
        for (Results.Value each : results.values()) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%s,%s,%s,%d,%.6g%n",
                            each.scenario(),
                            each.metric(),
                            each.contender(),
                            each.run(),
                            each.value()));
        }
        return text.toString();
    }

    private static String json(Results results) throws IOException {
        ArrayNode runs = JSON.createArrayNode();
        for (Results.Run each : results.runs()) {
            ObjectNode run = runs.addObject();
            run.put("scenario", each.scenario());
            run.put("contender", each.contender());
            run.put("run", each.run());
            run.put("rate", each.rate());
            run.put("seconds", each.measured().seconds());
            run.put("count", each.measured().count());
            run.put("sent", each.measured().sent());
            run.put("bytes", each.measured().bytes());
            run.put("errors", each.measured().errors());
            run.put("proxyCpuSeconds", each.measured().proxyCpu());
            run.put("originCpuSeconds", each.measured().originCpu());
            run.put("generatorCpuSeconds", each.measured().generatorCpu());
            ArrayNode latencies = run.putArray("latencies");
            for (Measured.Slot slot : each.measured().latencies()) {
                latencies.addArray().add(slot.upperNanos()).add(slot.count());
            }
        }
        return JSON.writeValueAsString(runs);
    }
}
