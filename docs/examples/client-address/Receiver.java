import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.zip.CRC32C;

/// Reads the client's address from PROXY v1/v2 (TCP) and PROXY v2 or SPP (UDP). Java 25, no
/// dependencies.
///
///     java Receiver.java tcp|ppv2|spp ADDRESS PORT   echoes, logs "client ADDRESS PORT PAYLOAD"
///     java Receiver.java check                       reads "mode hex" lines, prints the result
///
/// Port 0 takes a free one; the first line printed is "listening PORT".
public final class Receiver {
    static final byte[] SIGNATURE = HexFormat.of().parseHex("0d0a0d0a000d0a515549540a");
    static final int V1_MAX = 107;
    static final int SPP_LENGTH = 38;
    static final int PATIENCE_MILLIS = 5_000;

    /// What a header says.
    ///
    /// @param length bytes of the header
    /// @param client the client, or null where the header names nobody
    record Header(int length, InetSocketAddress client) {}

    /// No header, or a broken one: close the connection, drop the datagram.
    static final class Bad extends Exception {}

    /// The header is not complete yet.
    static final class More extends Exception {}

    static Header readV1(byte[] data) throws Bad, More {
        byte[] start = ascii("PROXY ");
        require(startsAlike(data, start));
        int end = -1;
        for (int i = 0; i + 1 < Math.min(data.length, V1_MAX) && end < 0; i++) {
            end = data[i] == '\r' && data[i + 1] == '\n' ? i : -1;
        }
        if (end < 0) {
            require(data.length < V1_MAX);
            throw new More();
        }
        String line = new String(data, 6, end - 6, StandardCharsets.ISO_8859_1);
        String[] fields = line.split(" ", -1);
        if (fields[0].equals("UNKNOWN")) {
            return new Header(end + 2, null);
        }
        require(fields.length == 5 && fields[0].matches("TCP[46]"));
        boolean v4 = fields[0].equals("TCP4");
        InetAddress client = address(fields[1], v4);
        address(fields[2], v4);
        port(fields[4]);
        return new Header(end + 2, new InetSocketAddress(client, port(fields[3])));
    }

    private static InetAddress address(String text, boolean v4) throws Bad {
        String octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
        String pattern =
                v4 ? octet + "(\\." + octet + "){3}" : "[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*";
        require(text.matches(pattern));
        try {
            // Nothing but digits, dots and colons gets here, so that no name is looked up.
            return InetAddress.getByName(v4 ? text : "[" + text + "]");
        } catch (UnknownHostException notAnAddress) {
            throw new Bad();
        }
    }

    private static int port(String text) throws Bad {
        require(text.matches("0|[1-9][0-9]{0,4}") && Integer.parseInt(text) <= 65535);
        return Integer.parseInt(text);
    }

    static Header readV2(byte[] data, boolean datagram) throws Bad, More {
        require(startsAlike(data, SIGNATURE));
        ByteBuffer in = ByteBuffer.wrap(data);
        require(data.length >= 16 || !datagram);
        more(data.length < 16);
        int command = data[12];
        int length = 16 + Short.toUnsignedInt(in.getShort(14));
        require(command == 0x20 || command == 0x21);
        int addresses =
                switch (command == 0x20 ? 0 : data[13]) {
                    case 0x00 -> 0;
                    case 0x11, 0x12 -> 12;
                    case 0x21, 0x22 -> 36;
                    case 0x31, 0x32 -> 216;
                    default -> throw new Bad();
                };
        require(length >= 16 + addresses && (data.length >= length || !datagram));
        more(data.length < length);
        if (command == 0x20) {
            return new Header(length, null);
        }
        checkFields(Arrays.copyOf(data, length), 16 + addresses);
        int width =
                switch (data[13] >> 4) {
                    case 1 -> 4;
                    case 2 -> 16;
                    default -> 0;
                };
        if (width == 0) {
            return new Header(length, null);
        }
        require((data[13] & 15) == (datagram ? 2 : 1));
        return new Header(length, endpoint(in, 16, width, 16 + 2 * width));
    }

    private static void checkFields(byte[] header, int from) throws Bad {
        ByteBuffer fields = ByteBuffer.wrap(header);
        int checksums = 0;
        for (int at = from; at < header.length; ) {
            require(header.length - at >= 3);
            int size = Short.toUnsignedInt(fields.getShort(at + 1));
            require(header.length - at - 3 >= size);
            if (header[at] == 3) {
                require(checksums++ == 0 && size == 4);
                int said = fields.getInt(at + 3);
                CRC32C crc = new CRC32C();
                crc.update(ByteBuffer.wrap(header.clone()).putInt(at + 3, 0));
                require(said == (int) crc.getValue());
            }
            at += 3 + size;
        }
    }

    static Header readSpp(byte[] data) throws Bad {
        require(data.length >= SPP_LENGTH && data[0] == 0x56 && data[1] == (byte) 0xec);
        return new Header(SPP_LENGTH, endpoint(ByteBuffer.wrap(data), 2, 16, 34));
    }

    /// The JDK makes an IPv4 address of an IPv4-mapped one by itself.
    private static InetSocketAddress endpoint(ByteBuffer in, int at, int width, int portAt)
            throws Bad {
        byte[] bytes = new byte[width];
        in.get(at, bytes);
        try {
            int port = Short.toUnsignedInt(in.getShort(portAt));
            return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
        } catch (UnknownHostException wrongWidth) {
            throw new Bad();
        }
    }

    private static boolean startsAlike(byte[] data, byte[] start) {
        int length = Math.min(data.length, start.length);
        return Arrays.equals(data, 0, length, start, 0, length);
    }

    private static void require(boolean condition) throws Bad {
        if (!condition) {
            throw new Bad();
        }
    }

    private static void more(boolean condition) throws More {
        if (condition) {
            throw new More();
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void log(InetSocketAddress client, byte[] payload) {
        String text = new String(payload, StandardCharsets.ISO_8859_1);
        String address = client.getAddress().getHostAddress();
        System.out.println("client " + address + " " + client.getPort() + " " + text);
    }

    static void serveTcp(InetSocketAddress own) throws IOException {
        try (ServerSocket listener = new ServerSocket()) {
            listener.bind(own);
            System.out.println("listening " + listener.getLocalPort());
            while (true) {
                Socket connection = listener.accept();
                Thread.ofVirtual().start(() -> serve(connection));
            }
        }
    }

    private static void serve(Socket connection) {
        try (connection) {
            connection.setSoTimeout(PATIENCE_MILLIS);
            InputStream in = connection.getInputStream();
            byte[] data = new byte[0];
            Header header = null;
            while (header == null) {
                byte[] more = some(in);
                if (more.length == 0) {
                    return;
                }
                data = Arrays.copyOf(data, data.length + more.length);
                System.arraycopy(more, 0, data, data.length - more.length, more.length);
                try {
                    header = data[0] == 'P' ? readV1(data) : readV2(data, false);
                } catch (More incomplete) {
                    continue;
                }
            }
            connection.setSoTimeout(0);
            InetSocketAddress client = header.client();
            if (client == null) {
                client = (InetSocketAddress) connection.getRemoteSocketAddress();
            }
            data = Arrays.copyOfRange(data, header.length(), data.length);
            while (true) {
                if (data.length > 0) {
                    log(client, data);
                    connection.getOutputStream().write(data);
                }
                data = some(in);
                if (data.length == 0) {
                    return;
                }
            }
        } catch (Bad | IOException refused) {
            // Without a good header nobody is served.
        }
    }

    /// What can be read now, empty at the end.
    private static byte[] some(InputStream in) throws IOException {
        byte[] bytes = new byte[4_096];
        int length = in.read(bytes);
        return Arrays.copyOf(bytes, Math.max(0, length));
    }

    static void serveUdp(InetSocketAddress own, boolean spp) throws IOException {
        // Where a session comes from, and its client; a real server forgets idle ones.
        Map<SocketAddress, InetSocketAddress> clients = new HashMap<>();
        try (DatagramSocket server = new DatagramSocket(own)) {
            System.out.println("listening " + server.getLocalPort());
            DatagramPacket packet = new DatagramPacket(new byte[65_536], 65_536);
            while (true) {
                packet.setLength(65_536);
                server.receive(packet);
                byte[] data = Arrays.copyOf(packet.getData(), packet.getLength());
                SocketAddress peer = packet.getSocketAddress();
                int skip = 0;
                try {
                    if (spp || data.length >= SIGNATURE.length && startsAlike(data, SIGNATURE)) {
                        Header header = spp ? readSpp(data) : readV2(data, true);
                        skip = header.length();
                        InetSocketAddress named = header.client();
                        clients.put(peer, named == null ? (InetSocketAddress) peer : named);
                    }
                } catch (Bad | More refused) {
                    continue;
                }
                InetSocketAddress client = clients.get(peer);
                if (client == null) {
                    continue;
                }
                log(client, Arrays.copyOfRange(data, skip, data.length));
                int from = spp ? 0 : skip; // an SPP answer repeats the header
                server.send(new DatagramPacket(data, from, data.length - from, peer));
            }
        }
    }

    static void check() throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            byte[] data = HexFormat.of().parseHex(words.length > 1 ? words[1] : "");
            System.out.println(check(words[0], data));
        }
    }

    private static String check(String mode, byte[] data) {
        try {
            Header header =
                    switch (mode) {
                        case "v1" -> readV1(data);
                        case "v2" -> readV2(data, false);
                        case "v2udp" -> readV2(data, true);
                        default -> readSpp(data);
                    };
            InetSocketAddress client = header.client();
            return client == null
                    ? "unnamed " + header.length()
                    : client.getAddress().getHostAddress()
                            + " "
                            + client.getPort()
                            + " "
                            + header.length();
        } catch (Bad bad) {
            return "bad";
        } catch (More more) {
            return "more";
        }
    }

    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 1 && arguments[0].equals("check")) {
            check();
        } else if (arguments.length == 3) {
            InetAddress address = InetAddress.getByName(arguments[1]);
            InetSocketAddress own =
                    new InetSocketAddress(address, Integer.parseInt(arguments[2]));
            switch (arguments[0]) {
                case "tcp" -> serveTcp(own);
                case "ppv2", "spp" -> serveUdp(own, arguments[0].equals("spp"));
                default -> usage();
            }
        } else {
            usage();
        }
    }

    private static void usage() {
        System.err.println("usage: Receiver tcp|ppv2|spp ADDRESS PORT, or Receiver check");
        System.exit(2);
    }
}
