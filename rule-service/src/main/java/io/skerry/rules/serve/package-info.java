/// HTTP for edge nodes: reports and pulls.
@NullMarked
package io.skerry.rules.serve;

import org.jspecify.annotations.NullMarked;
