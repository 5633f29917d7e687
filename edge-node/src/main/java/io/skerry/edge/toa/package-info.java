/// TOA: the client's address in a TCP option. The edge's side writes it towards origins ({@link
/// io.skerry.edge.toa.ToaWriter}); the origin's side, a command of its own, makes `accept()` answer
/// it ({@link io.skerry.edge.toa.ToaOrigin}). `docs/features/toa.md` has the whole story.
@NullMarked
package io.skerry.edge.toa;

import org.jspecify.annotations.NullMarked;
