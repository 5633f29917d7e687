// An origin that knows nothing of TOA: answers each line with what accept() and getpeername() say.
// usage: origin FAMILY PORT [defer]   (FAMILY 4: sockaddr_in on AF_INET, 6: sockaddr_in6 on AF_INET6)
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void print(char *out, size_t size, struct sockaddr_storage *address)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (address->ss_family == AF_INET) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)address;

		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		snprintf(out, size, "%s %d", text, ntohs(v4->sin_port));
	} else {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		snprintf(out, size, "%s %d", text, ntohs(v6->sin6_port));
	}
}

static void serve(int connection, const char *accepted)
{
	char line[256];

	while (read(connection, line, sizeof(line)) > 0) {
		struct sockaddr_storage peer = {0};
		socklen_t length = sizeof(peer);
		char asked[64] = "?";
		int size;

		if (!getpeername(connection, (struct sockaddr *)&peer, &length))
			print(asked, sizeof(asked), &peer);
		size = snprintf(line, sizeof(line), "accept %s getpeername %s\n", accepted, asked);
		if (write(connection, line, size) != size)
			break;
	}
	close(connection);
}

int main(int count, char **arguments)
{
	int v6 = count > 1 && !strcmp(arguments[1], "6");
	int port = count > 2 ? atoi(arguments[2]) : 0;
	int defer = count > 3 && !strcmp(arguments[3], "defer");
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int listener = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	int seconds = 30;
	int bound;

	bound = v6 ? bind(listener, (struct sockaddr *)&any6, sizeof(any6))
		   : bind(listener, (struct sockaddr *)&any4, sizeof(any4));
	if (defer)
		setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
	if (bound || listen(listener, 128))
		return 1;
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		struct sockaddr_storage peer = {0};
		socklen_t length = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
		int connection = accept(listener, (struct sockaddr *)&peer, &length);
		char accepted[64];

		if (connection < 0)
			continue;
		print(accepted, sizeof(accepted), &peer);
		if (!fork()) {
			serve(connection, accepted);
			return 0;
		}
		close(connection);
	}
}
