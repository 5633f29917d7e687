import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** An origin in Java that knows nothing of TOA: answers each line with its client's address. */
final class Origin {
    public static void main(String[] arguments) throws Exception {
        try (ServerSocket listener = new ServerSocket(Integer.parseInt(arguments[0]))) {
            System.out.println("listening");
            while (true) {
                Socket client = listener.accept();
                Thread.ofVirtual().start(() -> serve(client));
            }
        }
    }

    private static void serve(Socket client) {
        try (client) {
            var in = client.getInputStream();
            var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            while (lines.readLine() != null) {
                String peer =
                        client.getInetAddress().getHostAddress() + " " + client.getPort() + "\n";
                client.getOutputStream().write(("accept " + peer).getBytes(StandardCharsets.UTF_8));
            }
        } catch (Exception gone) {
            System.err.println(gone);
        }
    }
}
