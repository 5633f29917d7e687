package io.skerry.gateway;

import io.skerry.shared.net.HostPort;
import io.vertx.core.json.JsonObject;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One connection to the API that says exactly what it is told, `Host` and `Origin` included.
final class Wire implements Closeable {
    private static final int WAIT_MILLIS = 15_000;

    private final Socket socket;
    private final InputStream in;

    /// What came back.
    ///
    /// @param headers by name in lower case
    record Answer(int status, Map<String, String> headers, String body) {
        JsonObject json() {
            return new JsonObject(body);
        }

        String header(String name) {
            return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
        }

        /// The code of a problem document.
        String code() {
            return json().getString("code");
        }

        /// Path and code of its first mistake.
        String mistake() {
            JsonObject first = json().getJsonArray("errors").getJsonObject(0);
            return first.getString("field") + " " + first.getString("code");
        }
    }

    Wire(HostPort api) throws IOException {
        socket = new Socket(api.address(), api.port());
        socket.setSoTimeout(WAIT_MILLIS);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    /// One request on a connection of its own.
    static Answer call(HostPort api, String method, String target, String... headersThenBody)
            throws IOException {
        try (Wire wire = new Wire(api)) {
            return wire.request(method, target, headersThenBody);
        }
    }

    /// One request. The last element is the body where it does not look like a header; a `Host` of
    /// 127.0.0.1 is added where none is given, and `application/json` for a body.
    Answer request(String method, String target, String... headersThenBody) throws IOException {
        send(print(method, target, headersThenBody));
        return answer();
    }

    static byte[] print(String method, String target, String... headersThenBody) {
        StringBuilder head = new StringBuilder(method + " " + target + " HTTP/1.1\r\n");
        String body = null;
        for (int i = 0; i < headersThenBody.length; i++) {
            String line = headersThenBody[i];
            if (line.matches("[A-Za-z-]+: .*|[A-Za-z-]+:")) {
                head.append(line).append("\r\n");
            } else {
                body = line;
            }
        }
        String names = head.toString().toLowerCase(Locale.ROOT);
        if (!names.contains("\r\nhost:")) {
            head.append("Host: 127.0.0.1\r\n");
        }
        byte[] bytes = body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8);
        if (body != null && !names.contains("\r\ncontent-type:")) {
            head.append("Content-Type: application/json\r\n");
        }
        if (body != null) {
            head.append("Content-Length: ").append(bytes.length).append("\r\n");
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
        out.writeBytes(bytes);
        return out.toByteArray();
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    void waitAtMostMillis(int millis) throws IOException {
        socket.setSoTimeout(millis);
    }

    void sendNoMore() throws IOException {
        socket.shutdownOutput();
    }

    /// Reads one whole response with a length.
    Answer answer() throws IOException {
        String status = line();
        if (status == null) {
            throw new IOException("closed without an answer");
        }
        Map<String, String> headers = headers();
        int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        return new Answer(Integer.parseInt(status.split(" ")[1]), headers, body);
    }

    Map<String, String> headers() throws IOException {
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(); line != null && !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        return headers;
    }

    /// One line; `null` where the connection has ended.
    @Nullable String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
            if (b == '\n') {
                return line.toString(StandardCharsets.UTF_8).replace("\r", "");
            }
            line.write(b);
        }
        return line.size() == 0 ? null : line.toString(StandardCharsets.UTF_8);
    }

    /// Reads lines up to one that is equal.
    void awaitLine(String wanted) throws IOException {
        for (String line = line(); !wanted.equals(line); line = line()) {
            if (line == null) {
                throw new IOException("ended before: " + wanted);
            }
        }
    }

    /// Reads until the far end has closed.
    void awaitEnd() throws IOException {
        try {
            while (line() != null) {
                // What came before the end does not matter.
            }
        } catch (SocketException reset) {
            return;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
