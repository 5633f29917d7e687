package io.skerry.edge.tcp;

import io.netty.buffer.ByteBuf;
import io.skerry.edge.listener.Route;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// Makes the bytes that go to an origin ahead of the client's. Called on event loops.
@FunctionalInterface
public interface ClientHeaders {
    /// The header, owned by the caller afterwards; null where the rule asks for none.
    ///
    /// @param client the client's end of its connection
    /// @param dialled our end of it: what the client dialled
    /// @param origin the origin's end of ours
    @Nullable ByteBuf header(
            Route route,
            InetSocketAddress client,
            InetSocketAddress dialled,
            InetSocketAddress origin);
}
