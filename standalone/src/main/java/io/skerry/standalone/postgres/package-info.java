/// The real PostgreSQL server as a child of this process, for a machine that has none.
///
/// {@link io.skerry.standalone.postgres.EmbeddedPostgres} is the entry. What is on disk, who may
/// reach it and what happens when either process dies is in `docs/operations/embedded-postgres.md`.
@org.jspecify.annotations.NullMarked
package io.skerry.standalone.postgres;
