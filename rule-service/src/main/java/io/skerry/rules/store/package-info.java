/// PostgreSQL, the one truth: transactions, tables and what their failures mean.
@NullMarked
package io.skerry.rules.store;

import org.jspecify.annotations.NullMarked;
