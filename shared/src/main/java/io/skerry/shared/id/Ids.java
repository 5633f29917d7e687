package io.skerry.shared.id;

import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/// Identities as EdgeOne shapes them: a prefix and 12 lower-case base-36 characters, never reused.
public final class Ids {
    public static final String INSTANCE = "sid-";
    public static final String RULE = "rule-";
    public static final String ORIGIN_GROUP = "og-";

    private static final String ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
    private static final Pattern FORM = Pattern.compile("(sid|rule|og)-[0-9a-z]{12}");

    private Ids() {}

    public static String next(String prefix, RandomGenerator random) {
        StringBuilder id = new StringBuilder(prefix);
        for (int i = 0; i < 12; i++) {
            id.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return id.toString();
    }

    public static boolean isId(String text) {
        return FORM.matcher(text).matches();
    }
}
