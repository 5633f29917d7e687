package io.skerry.edge.name;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.skerry.shared.net.HostPort;
import io.skerry.shared.net.IpText;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// A tiny name server on loopback whose answers a test changes as it goes.
public final class NameServer implements AutoCloseable {
    private record Entry(List<InetAddress> addresses, int seconds) {}

    private final EventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> asked = new ConcurrentHashMap<>();
    private volatile boolean silent;
    private final Channel channel;

    public NameServer() {
        channel =
                new Bootstrap()
                        .group(group)
                        .channel(NioDatagramChannel.class)
                        .handler(
                                new ChannelInitializer<NioDatagramChannel>() {
                                    @Override
                                    protected void initChannel(NioDatagramChannel opened) {
                                        opened.pipeline()
                                                .addLast(
                                                        new DatagramDnsQueryDecoder(),
                                                        new DatagramDnsResponseEncoder(),
                                                        new Answers());
                                    }
                                })
                        .bind(new InetSocketAddress("127.0.0.1", 0))
                        .syncUninterruptibly()
                        .channel();
    }

    public HostPort address() {
        return HostPort.parse("127.0.0.1:" + ((InetSocketAddress) channel.localAddress()).getPort())
                .orElseThrow();
    }

    public void set(String name, int seconds, String... addresses) {
        entries.put(
                name,
                new Entry(
                        Stream.of(addresses).map(a -> IpText.parse(a).orElseThrow()).toList(),
                        seconds));
    }

    public void forget(String name) {
        entries.remove(name);
    }

    /// Stops answering, or answers again.
    public void silence(boolean on) {
        silent = on;
    }

    /// Questions for IPv4 addresses of a name so far.
    public int asked(String name) {
        return asked.getOrDefault(name, new AtomicInteger()).get();
    }

    @Override
    public void close() {
        channel.close().syncUninterruptibly();
        group.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
    }

    private final class Answers extends SimpleChannelInboundHandler<DatagramDnsQuery> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DatagramDnsQuery query) {
            DnsQuestion question = query.recordAt(DnsSection.QUESTION);
            String name = question.name().substring(0, question.name().length() - 1);
            if (question.type().equals(DnsRecordType.A)) {
                asked.computeIfAbsent(name, n -> new AtomicInteger()).incrementAndGet();
            }
            if (silent) {
                return;
            }
            DatagramDnsResponse response =
                    new DatagramDnsResponse(
                            /* sender= */ query.recipient(),
                            /* recipient= */ query.sender(),
                            query.id());
            response.addRecord(DnsSection.QUESTION, question);
            Entry entry = entries.get(name);
            if (entry == null) {
                response.setCode(DnsResponseCode.NXDOMAIN);
            } else {
                int bytes = question.type().equals(DnsRecordType.A) ? 4 : 16;
                entry.addresses().stream()
                        .filter(a -> a.getAddress().length == bytes)
                        .forEach(a ->
                                response.addRecord(
                                        DnsSection.ANSWER,
                                        new DefaultDnsRawRecord(
                                                question.name(),
                                                question.type(),
                                                entry.seconds(),
                                                Unpooled.wrappedBuffer(a.getAddress()))));
            }
            ChannelFuture sent = ctx.writeAndFlush(response);
            sent.addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
    }
}
