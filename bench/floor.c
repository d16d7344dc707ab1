/* The floor of the fan-out: ready bytes, send(), and nothing else.
 *
 *     floor FRAMES
 *
 * FRAMES holds the messages of a round as they go over the wire, each after its length (4 bytes,
 * big-endian). What is to be done is told on the standard input, one line at a time, and each line
 * is answered by one:
 *
 *                       -> port P                where it listens, on 127.0.0.1
 *     accept N          -> accepted N            so many clients; each one's upgrade is answered
 *     send K OF         -> sent NANOSECONDS WAITS
 *
 * "send K OF" sends the first OF messages to all clients, K of them a turn: those are joined once,
 * as xucd does it, and sent to one client after the other. The time runs from the first turn to the
 * last send(); WAITS counts the times that a client's buffer was full. The end of the input ends
 * the program.
 *
 * Built by bench/fanout.py: cc -O2 -o build/floor bench/floor.c
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct frame {
    const char *bytes;
    size_t size;
};

static struct frame *frames;
static size_t frame_count, largest_round;
static int *clients;
static size_t client_count;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Read FRAMES whole; the frames point into it. */
static void read_frames(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        die(path);
    size_t size = (size_t)ftell(file), at = 0;
    char *bytes = malloc(size + 1);
    rewind(file);
    if (bytes == NULL || fread(bytes, 1, size, file) != size)
        die(path);
    fclose(file);
    frames = malloc((size / 4 + 1) * sizeof *frames);
    if (frames == NULL)
        die("malloc");
    while (at + 4 <= size) {
        uint32_t length;
        memcpy(&length, bytes + at, 4);
        frames[frame_count].bytes = bytes + at + 4;
        frames[frame_count].size = ntohl(length);
        at += 4 + frames[frame_count++].size;
    }
    largest_round = size;
}

static int listening(void)
{
    int on = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(server, (struct sockaddr *)&address, size) != 0 || listen(server, 1024) != 0)
        die("listen");
    getsockname(server, (struct sockaddr *)&address, &size);
    printf("port %d\n", ntohs(address.sin_port));
    return server;
}

/* Take one client's request as it is, and say that the protocol is now WebSocket. */
static void accept_one(int server)
{
    static const char answer[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    char request[4096];
    size_t size = 0;
    int on = 1, client = accept(server, NULL, NULL);
    if (client < 0)
        die("accept");
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (size < 4 || memcmp(request + size - 4, "\r\n\r\n", 4) != 0) {
        ssize_t got = recv(client, request + size, sizeof request - size, 0);
        if (got <= 0)
            die("recv");
        size += (size_t)got;
    }
    if (send(client, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
        die("send");
    clients[client_count++] = client;
}

/* Send all of it; returns how often the client's buffer was full. */
static unsigned send_all(int client, const char *bytes, size_t size)
{
    unsigned waits = 0;
    while (size > 0) {
        ssize_t sent = send(client, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
            die("send");
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        }
        if (size > 0) {
            struct pollfd room = {.fd = client, .events = POLLOUT};
            poll(&room, 1, -1);
            waits++;
        }
    }
    return waits;
}

static void send_round(size_t per_turn, size_t count)
{
    struct timespec began, ended;
    unsigned waits = 0;
    char *joined = malloc(largest_round);
    if (joined == NULL)
        die("malloc");
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (size_t first = 0; first < count; first += per_turn) {
        size_t size = 0;
        for (size_t at = first; at < count && at < first + per_turn; at++) {
            memcpy(joined + size, frames[at].bytes, frames[at].size);
            size += frames[at].size;
        }
        for (size_t client = 0; client < client_count; client++)
            waits += send_all(clients[client], joined, size);
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    free(joined);
    printf("sent %lld %u\n",
           (ended.tv_sec - began.tv_sec) * 1000000000LL + (ended.tv_nsec - began.tv_nsec), waits);
}

int main(int argc, char **argv)
{
    char line[64];
    size_t number, of;
    if (argc != 2) {
        fprintf(stderr, "usage: floor FRAMES\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    read_frames(argv[1]);
    int server = listening();
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "accept %zu", &number) == 1) {
            clients = realloc(clients, (client_count + number) * sizeof *clients);
            if (clients == NULL)
                die("realloc");
            for (size_t count = 0; count < number; count++)
                accept_one(server);
            printf("accepted %zu\n", number);
        } else if (sscanf(line, "send %zu %zu", &number, &of) == 2 && number > 0
                   && of <= frame_count) {
            send_round(number, of);
        } else {
            fprintf(stderr, "floor: unknown: %s", line);
            return 2;
        }
    }
    return 0;
}
