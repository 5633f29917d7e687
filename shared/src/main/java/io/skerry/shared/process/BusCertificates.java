package io.skerry.shared.process;

import io.skerry.shared.problem.Code;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Whether key, certificate and authority of {@link BusTls} are what they should be and belong
/// together: says at the start what a handshake would only fail of.
///
/// A certificate that is out of date is no mistake: a node that may not speak on the bus still
/// forwards and asks over HTTP, and must start. It is an error in the log.
final class BusCertificates {
    private static final Logger log = LoggerFactory.getLogger(BusCertificates.class);
    private static final Pattern PKCS8 =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----");

    /// RFC 5280, 4.2.1.12: id-kp-serverAuth and id-kp-clientAuth. Each process is both.
    private static final List<String> BOTH_SIDES =
            List.of("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");

    private final SettingsReader settings;
    private boolean fits = true;

    private BusCertificates(SettingsReader settings) {
        this.settings = settings;
    }

    /// Checks the PEM texts; one that is empty has been reported already. Answers whether all are
    /// there and fit.
    static boolean check(
            SettingsReader settings,
            Optional<String> key,
            Optional<String> certificate,
            Optional<String> authority) {
        BusCertificates check = new BusCertificates(settings);
        Optional<byte[]> secret = key.flatMap(check::key);
        List<X509Certificate> chain = check.certificates(BusTls.CERTIFICATE, certificate);
        List<X509Certificate> anchors = check.certificates(BusTls.AUTHORITY, authority);
        if (!chain.isEmpty()) {
            secret.ifPresent(bytes -> check.pair(bytes, chain.getFirst()));
            check.usage(chain.getFirst());
        }
        check.authorities(anchors);
        if (!chain.isEmpty() && !anchors.isEmpty()) {
            check.chain(chain, anchors);
        }
        return check.fits && key.isPresent() && certificate.isPresent() && authority.isPresent();
    }

    private void wrong(String name, Code code, String message) {
        fits = false;
        settings.mistake(name, code, message);
    }

    private Optional<byte[]> key(String pem) {
        Matcher matcher = PKCS8.matcher(pem);
        if (matcher.find()) {
            try {
                return Optional.of(Base64.getMimeDecoder().decode(matcher.group(1)));
            } catch (IllegalArgumentException broken) {
                wrong(BusTls.KEY, Code.BAD_FORMAT, "its base64 is broken");
                return Optional.empty();
            }
        }
        wrong(
                BusTls.KEY,
                Code.BAD_FORMAT,
                "must be PEM with BEGIN PRIVATE KEY (PKCS#8, no passphrase); convert it with openssl"
                        + " pkcs8 -topk8 -nocrypt");
        return Optional.empty();
    }

    private List<X509Certificate> certificates(String name, Optional<String> pem) {
        if (pem.isEmpty()) {
            return List.of();
        }
        try {
            List<X509Certificate> found =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(
                                    new ByteArrayInputStream(
                                            pem.get().getBytes(StandardCharsets.ISO_8859_1)))
                            .stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (!found.isEmpty()) {
                return found;
            }
        } catch (GeneralSecurityException broken) {
            log.debug("{} cannot be read", name, broken);
        }
        wrong(name, Code.BAD_FORMAT, "must be PEM with BEGIN CERTIFICATE");
        return List.of();
    }

    private void pair(byte[] pkcs8, X509Certificate leaf) {
        String algorithm = leaf.getPublicKey().getAlgorithm();
        if (!algorithm.equals("RSA") && !algorithm.equals("EC")) {
            wrong(BusTls.CERTIFICATE, Code.NOT_ALLOWED, "its key must be RSA or EC");
            return;
        }
        String scheme = algorithm.equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
        byte[] probe = "skerry".getBytes(StandardCharsets.UTF_8);
        try {
            PrivateKey key =
                    KeyFactory.getInstance(algorithm)
                            .generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            Signature signature = Signature.getInstance(scheme);
            signature.initSign(key);
            signature.update(probe);
            byte[] signed = signature.sign();
            signature.initVerify(leaf.getPublicKey());
            signature.update(probe);
            if (signature.verify(signed)) {
                return;
            }
        } catch (GeneralSecurityException another) {
            log.debug("the key does not sign for the certificate", another);
        }
        wrong(
                BusTls.KEY,
                Code.INCOMPATIBLE,
                "is not the key of " + BusTls.CERTIFICATE + " (" + name(leaf) + ")");
    }

    private void usage(X509Certificate leaf) {
        try {
            List<String> allowed = leaf.getExtendedKeyUsage();
            if (allowed == null || Set.copyOf(allowed).containsAll(BOTH_SIDES)) {
                return;
            }
        } catch (CertificateParsingException broken) {
            log.debug("extended key usage cannot be read", broken);
        }
        wrong(
                BusTls.CERTIFICATE,
                Code.NOT_ALLOWED,
                "must be for servers and clients: extendedKeyUsage = serverAuth, clientAuth");
    }

    private void authorities(List<X509Certificate> anchors) {
        for (X509Certificate anchor : anchors) {
            if (anchor.getBasicConstraints() < 0) {
                wrong(
                        BusTls.AUTHORITY,
                        Code.NOT_ALLOWED,
                        name(anchor) + " is not an authority: basicConstraints = CA:TRUE");
            }
        }
    }

    private void chain(List<X509Certificate> chain, List<X509Certificate> anchors) {
        Set<TrustAnchor> trusted =
                anchors.stream()
                        .map(each -> new TrustAnchor(each, null))
                        .collect(Collectors.toSet());
        List<X509Certificate> between =
                chain.stream().filter(each -> !anchors.contains(each)).toList();
        try {
            PKIXParameters parameters = new PKIXParameters(trusted);
            parameters.setRevocationEnabled(false);
            CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(between);
            CertPathValidator.getInstance("PKIX").validate(path, parameters);
        } catch (CertPathValidatorException failed) {
            if (failed.getReason() == BasicReason.EXPIRED
                    || failed.getReason() == BasicReason.NOT_YET_VALID) {
                log.error(
                        "{} is out of date, this process cannot speak on the event bus: {}",
                        BusTls.CERTIFICATE,
                        failed.getMessage());
            } else {
                notSigned(chain.getFirst());
            }
        } catch (GeneralSecurityException failed) {
            notSigned(chain.getFirst());
        }
    }

    private void notSigned(X509Certificate leaf) {
        wrong(
                BusTls.CERTIFICATE,
                Code.INCOMPATIBLE,
                name(leaf) + " was not signed by " + BusTls.AUTHORITY);
    }

    private static String name(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().getName();
    }
}
