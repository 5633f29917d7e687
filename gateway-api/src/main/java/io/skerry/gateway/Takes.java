package io.skerry.gateway;

import java.util.List;

/// What a call takes as its body.
enum Takes {
    /// No body.
    NOTHING(List.of()),
    /// A JSON object.
    OBJECT(List.of("application/json")),
    /// A JSON object, or an array of them.
    OBJECT_OR_ARRAY(List.of("application/json")),
    /// The fields of an object that change, `null` for those that go back to their default.
    ///
    /// @spec https://www.rfc-editor.org/rfc/rfc7396 RFC 7396
    MERGE_PATCH(List.of("application/merge-patch+json", "application/json")),
    /// Batch text, or JSON as it was exported.
    RULE_TEXT(List.of("text/plain", "application/json"));

    private final List<String> mediaTypes;

    Takes(List<String> mediaTypes) {
        this.mediaTypes = mediaTypes;
    }

    /// Media types of the body; empty where there is none.
    List<String> mediaTypes() {
        return mediaTypes;
    }
}
