package io.skerry.edge.handover;

import io.skerry.edge.handover.LocalSocket.Received;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// One side's end of a hot restart's conversation: messages over a {@link LocalSocket}. Blocks; for
/// one thread.
final class Conversation implements AutoCloseable {
    /// Bytes of the list in one message, about; well below what a message may have.
    private static final int LIST_BYTES = 60_000;

    /// @param sockets what came along, the receiver's from now on; for {@link Message.Sockets} only
    record Heard(Message message, List<OpenSocket> sockets) {}

    private final LocalSocket socket;

    Conversation(LocalSocket socket) {
        this.socket = socket;
    }

    LocalSocket.Peer peer() throws IOException {
        return socket.peer();
    }

    void say(Message message) throws IOException {
        socket.send(message.print(), List.of());
    }

    /// Waits for a message.
    Heard hear(Duration atMost) throws IOException {
        socket.timeout(atMost);
        Received received = socket.receive();
        try {
            Message message = Message.read(received.bytes());
            List<OpenSocket> sockets = new ArrayList<>();
            if (message instanceof Message.Sockets(var items, var more)) {
                long open = items.stream().filter(Message.Item::open).count();
                if (open != received.descriptors().size()) {
                    throw new Message.Unreadable(
                            open
                                    + " sockets with "
                                    + received.descriptors().size()
                                    + " descriptors");
                }
                Iterator<Integer> descriptors = received.descriptors().iterator();
                for (Message.Item item : items) {
                    sockets.add(
                            item.open()
                                    ? new OpenSocket(item.name(), item.about(), descriptors.next())
                                    : OpenSocket.word(item.name(), item.about()));
                }
            } else if (!received.descriptors().isEmpty()) {
                throw new Message.Unreadable("descriptors that nobody asked for");
            }
            return new Heard(message, List.copyOf(sockets));
        } catch (Message.Unreadable | IllegalArgumentException garbage) {
            received.descriptors().forEach(LocalCalls::close);
            throw new IOException(garbage.getMessage(), garbage);
        }
    }

    /// Sends some of the sockets, as many as fit into a message; answers how many. They stay open
    /// here.
    int sendSome(List<OpenSocket> sockets) throws IOException {
        List<Message.Item> items = new ArrayList<>();
        List<Integer> descriptors = new ArrayList<>();
        int bytes = 0;
        for (OpenSocket each : sockets) {
            bytes += each.name().length() + each.about().encode().length() + 32;
            if (items.size() == LocalSocket.DESCRIPTORS_MAX
                    || bytes > LIST_BYTES && !items.isEmpty()) {
                break;
            }
            items.add(new Message.Item(each.name(), each.about(), each.isOpen()));
            if (each.isOpen()) {
                descriptors.add(each.descriptor());
            }
        }
        Message message = new Message.Sockets(items, items.size() < sockets.size());
        socket.send(message.print(), descriptors);
        return items.size();
    }

    @Override
    public void close() {
        socket.close();
    }
}
