package io.skerry.gateway;

import java.util.List;

/// What a call takes as its body.
enum Takes {
    /// No body.
    NOTHING,
    /// A JSON object.
    OBJECT,
    /// A JSON object, or an array of them.
    OBJECT_OR_ARRAY,
    /// The fields of an object that change, `null` for those that go back to their default.
    ///
    /// @spec https://www.rfc-editor.org/rfc/rfc7396 RFC 7396
    MERGE_PATCH,
    /// Batch text, or JSON as it was exported.
    RULE_TEXT;

    /// Media types of the body; empty where there is none.
    List<String> mediaTypes() {
        return switch (this) {
            case NOTHING -> List.of();
            case OBJECT, OBJECT_OR_ARRAY -> List.of("application/json");
            case MERGE_PATCH -> List.of("application/merge-patch+json", "application/json");
            case RULE_TEXT -> List.of("text/plain", "application/json");
        };
    }
}
