package io.skerry.shared.problem;

import java.util.Locale;

/// Why one field, or one request, was refused: the closed list of words that callers may rely on.
///
/// The word on the wire is the constant in lower case. Each has a row in
/// `docs/reference/problems.md`.
public enum Code {
    /// The body is not the JSON (or text) that the call takes.
    UNREADABLE(Kind.MALFORMED),
    /// A value has another JSON type than the field.
    WRONG_TYPE(Kind.MALFORMED),
    /// The call does not know the field.
    UNKNOWN_FIELD(Kind.INVALID),
    /// A field that must be given is missing.
    MISSING(Kind.INVALID),
    /// A number, length or count is outside its range.
    OUT_OF_RANGE(Kind.INVALID),
    /// A text does not have the form the field asks for.
    BAD_FORMAT(Kind.INVALID),
    /// A value is not one of the words the field allows.
    NOT_ALLOWED(Kind.INVALID),
    /// A port that the product keeps for itself.
    RESERVED_PORT(Kind.INVALID),
    /// The same port twice within one request.
    DUPLICATE_PORT(Kind.INVALID),
    /// Two fields that do not go together.
    INCOMPATIBLE(Kind.INVALID),
    /// A field that cannot be changed after creation.
    NOT_CHANGEABLE(Kind.INVALID),
    /// The named origin group does not exist.
    UNKNOWN_GROUP(Kind.INVALID),
    /// More items than one request or one instance may hold.
    TOO_MANY(Kind.INVALID),
    /// The rule sends its traffic back to this deployment.
    LOOP(Kind.INVALID),

    /// Another rule of the slot has the port.
    PORT_TAKEN(Kind.CONFLICT),
    /// The name is in use.
    NAME_TAKEN(Kind.CONFLICT),
    /// The object is in a state that does not allow the call.
    WRONG_STATE(Kind.CONFLICT),
    /// The deployment's number of instances is reached.
    QUOTA(Kind.CONFLICT),
    /// No free slot for an instance with a fixed IP.
    NO_SLOT(Kind.CONFLICT),
    /// Other objects still use this one.
    IN_USE(Kind.CONFLICT),
    /// The `Idempotency-Key` was used with another request.
    KEY_REUSED(Kind.CONFLICT),

    /// There is no such object.
    NOT_FOUND(Kind.NOT_FOUND),
    /// The kept history does not reach that far back.
    GONE(Kind.GONE),
    /// `If-Match` names another revision than the stored one.
    STALE(Kind.STALE),
    /// The request is larger than the call takes.
    TOO_LARGE(Kind.TOO_LARGE),
    /// Certainly not stored; try again.
    UNAVAILABLE(Kind.UNAVAILABLE),
    /// Perhaps stored; repeat with the same `Idempotency-Key`.
    OUTCOME_UNKNOWN(Kind.OUTCOME_UNKNOWN),
    /// The caller may not do this.
    FORBIDDEN(Kind.FORBIDDEN),
    /// The path exists, but not for this method.
    METHOD_NOT_ALLOWED(Kind.METHOD_NOT_ALLOWED),
    /// The body has another media type than the call takes.
    UNSUPPORTED_MEDIA_TYPE(Kind.UNSUPPORTED_MEDIA_TYPE),
    /// A bug of ours.
    INTERNAL(Kind.INTERNAL);

    /// What a mistake means for the request as a whole, with its HTTP status.
    public enum Kind {
        MALFORMED(400),
        FORBIDDEN(403),
        NOT_FOUND(404),
        METHOD_NOT_ALLOWED(405),
        CONFLICT(409),
        GONE(410),
        STALE(412),
        TOO_LARGE(413),
        UNSUPPORTED_MEDIA_TYPE(415),
        INVALID(422),
        INTERNAL(500),
        UNAVAILABLE(503),
        OUTCOME_UNKNOWN(504);

        private final int status;

        Kind(int status) {
            this.status = status;
        }

        /// HTTP status code.
        public int status() {
            return status;
        }
    }

    private final Kind kind;

    Code(Kind kind) {
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }

    /// The word on the wire.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The code of a word; a word of a newer peer reads as {@link #INTERNAL}.
    public static Code of(String word) {
        for (Code code : values()) {
            if (code.word().equals(word)) {
                return code;
            }
        }
        return INTERNAL;
    }
}
