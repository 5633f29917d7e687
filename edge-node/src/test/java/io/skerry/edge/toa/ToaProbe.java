package io.skerry.edge.toa;

import io.skerry.edge.transport.Transport;
import java.util.Optional;

/// A process that says whether it can write TOA.
final class ToaProbe {
    private ToaProbe() {}

    public static void main(String[] arguments) {
        Toa toa = Toa.start(new ToaSettings(ToaKinds.DEFAULT, Optional.empty()), Transport.EPOLL);
        System.out.println(toa.missing().orElse("ready"));
        toa.stop();
    }
}
