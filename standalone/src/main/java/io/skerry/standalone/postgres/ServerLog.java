package io.skerry.standalone.postgres;

import io.skerry.shared.problem.Code;
import io.skerry.shared.problem.Problem;
import io.skerry.shared.problem.ProblemException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The file that the server writes to, read only when something went wrong.
record ServerLog(Path file) {
    private static final int TAIL_LINES = 10;
    private static final int TAIL_BYTES = 8_192;

    /// Where the next line will stand.
    long end() throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }

    /// Whether the server has said this since.
    boolean hasSaid(String words, long since) throws IOException {
        return read(since).contains(words);
    }

    /// What failed, with the last lines of the log.
    ProblemException failure(String what) throws IOException {
        List<String> lines = read(0).lines().toList();
        List<String> tail = lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size());
        String message = what + "; the end of " + file + ":\n" + String.join("\n", tail);
        return Problem.of("data", Code.UNAVAILABLE, message).toException();
    }

    private String read(long since) throws IOException {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            long start = Math.max(since, in.length() - TAIL_BYTES);
            byte[] bytes = new byte[(int) Math.max(0, in.length() - start)];
            in.seek(start);
            in.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }
}
