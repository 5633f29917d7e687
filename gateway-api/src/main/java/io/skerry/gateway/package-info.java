/// The HTTP door: turns HTTP requests into requests to the rule service, and what it answers into
/// responses. It knows HTTP and nothing of rules: all checking of content happens in the rule
/// service, which it reaches over the event bus only. Start reading at {@link
/// io.skerry.gateway.HttpApi}, the table of every call.
package io.skerry.gateway;
