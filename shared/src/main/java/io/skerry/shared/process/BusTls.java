package io.skerry.shared.process;

import io.skerry.shared.problem.Code;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Mutual TLS of the event bus: a process speaks to those whose certificate its authority signed,
/// and to nobody else.
///
/// All three settings or none: `bus-tls.key`, `bus-tls.certificate`, `bus-tls.ca`. Each is the path
/// of a PEM file, or the PEM text itself, so that `SKERRY_BUS_TLS_KEY_FILE` works as everywhere.
/// They are read once, at the start. TLS 1.3 alone is spoken.
///
/// Vert.x switches the check of host names off for its event bus, whatever is asked for; what is
/// checked is the chain to the authority. So the authority must be one made for this cluster.
///
/// @param key private key, PKCS#8 without a passphrase, RSA or EC
/// @param certificate its certificate, then those between it and the authority
/// @param authority certificates of the authority
public record BusTls(Buffer key, Buffer certificate, Buffer authority) {
    static final String KEY = "bus-tls.key";
    static final String CERTIFICATE = "bus-tls.certificate";
    static final String AUTHORITY = "bus-tls.ca";

    private static final List<String> ALL = List.of(KEY, CERTIFICATE, AUTHORITY);
    private static final String PEM = "-----BEGIN ";
    private static final String VERSION = "TLSv1.3";

    /// Whether any of the three settings is there, right or wrong.
    static boolean isAsked(SettingsReader settings) {
        return ALL.stream().anyMatch(key -> !settings.secret(key, "").isEmpty());
    }

    /// The three settings, checked against each other; empty where none is given, or one is wrong.
    static Optional<BusTls> read(SettingsReader settings) {
        if (!isAsked(settings)) {
            return Optional.empty();
        }
        Optional<String> key = pem(settings, KEY);
        Optional<String> certificate = pem(settings, CERTIFICATE);
        Optional<String> authority = pem(settings, AUTHORITY);
        boolean fits = BusCertificates.check(settings, key, certificate, authority);
        return fits
                ? Optional.of(
                        new BusTls(
                                Buffer.buffer(key.orElseThrow()),
                                Buffer.buffer(certificate.orElseThrow()),
                                Buffer.buffer(authority.orElseThrow())))
                : Optional.empty();
    }

    private static Optional<String> pem(SettingsReader settings, String name) {
        String text = settings.secret(name, "").strip();
        if (text.isEmpty()) {
            settings.mistake(
                    name,
                    Code.MISSING,
                    "must be given with the other two of " + String.join(", ", ALL));
            return Optional.empty();
        }
        if (text.startsWith(PEM)) {
            return Optional.of(text);
        }
        try {
            // Latin 1 takes any bytes; what is no PEM is told apart later.
            return Optional.of(Files.readString(Path.of(text), StandardCharsets.ISO_8859_1));
        } catch (IOException | InvalidPathException failure) {
            settings.mistake(
                    name, Code.UNREADABLE, "cannot read the file '" + text + "': " + why(failure));
            return Optional.empty();
        }
    }

    private static String why(Exception failure) {
        return switch (failure) {
            case NoSuchFileException none -> "there is no such file";
            case AccessDeniedException denied -> "no permission";
            default -> String.valueOf(failure.getMessage());
        };
    }

    /// Makes a bus speak TLS, to both sides.
    void secure(EventBusOptions options) {
        options.setSsl(true)
                .setTrustAll(false)
                .setClientAuth(ClientAuth.REQUIRED)
                .setKeyCertOptions(
                        new PemKeyCertOptions().addKeyValue(key).addCertValue(certificate))
                .setTrustOptions(new PemTrustOptions().addCertValue(authority))
                .setEnabledSecureTransportProtocols(Set.of(VERSION));
    }

    /// Never the key.
    @Override
    public String toString() {
        return "TLS of the event bus";
    }
}
