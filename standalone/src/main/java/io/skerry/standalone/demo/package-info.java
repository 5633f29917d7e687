/// What `./skerry up --demo` adds: an origin that answers with the client address it was told, and
/// rules that lead to it. {@link io.skerry.standalone.demo.Demo} is the entry.
package io.skerry.standalone.demo;
