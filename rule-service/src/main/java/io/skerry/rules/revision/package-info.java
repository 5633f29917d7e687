/// A change as one transaction: lock, number, content, history, audit, publication.
@NullMarked
package io.skerry.rules.revision;

import org.jspecify.annotations.NullMarked;
