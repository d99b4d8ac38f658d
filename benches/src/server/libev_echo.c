/* The echo server on libev, with the protocol of server.rs. Its arguments are "tcp" or "unix", and the size of a
   buffer. */
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct connection {
    ev_io watcher;
    /* Of this connection alone, as those of the other servers are. */
    char buffer[];
};

static size_t buffer_size;
static int is_tcp;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int write_fully(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL);
        if (count >= 0) {
            bytes += count;
            length -= (size_t)count;
        } else if (errno == EAGAIN) {
            struct pollfd pollfd = {.fd = fd, .events = POLLOUT};
            poll(&pollfd, 1, -1);
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events) {
    struct connection *connection = (struct connection *)watcher;
    (void)events;
    ssize_t count = recv(watcher->fd, connection->buffer, buffer_size, 0);
    if (count > 0 && write_fully(watcher->fd, connection->buffer, (size_t)count) == 0)
        return;
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    ev_io_stop(loop, watcher);
    close(watcher->fd);
    free(connection);
}

static void on_connection(struct ev_loop *loop, ev_io *watcher, int events) {
    (void)events;
    int fd, one = 1;
    while ((fd = accept4(watcher->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = malloc(sizeof *connection + buffer_size);
        if (connection == NULL)
            die("malloc");
        if (is_tcp && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
            die("setsockopt");
        ev_io_init(&connection->watcher, on_readable, fd, EV_READ);
        ev_io_start(loop, &connection->watcher);
    }
    if (errno != EAGAIN)
        die("accept4");
}

/* The parent asks for counters, of which there are none, or is gone. */
static void on_input(struct ev_loop *loop, ev_io *watcher, int events) {
    char line[64];
    (void)loop;
    (void)events;
    if (read(watcher->fd, line, sizeof line) <= 0)
        exit(0);
    puts("");
    fflush(stdout);
}

static int new_socket(int domain) {
    int fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    return fd;
}

static void start_listening(int fd, const struct sockaddr *address, socklen_t length) {
    if (bind(fd, address, length) < 0 || listen(fd, SOMAXCONN) < 0)
        die("listening");
}

/* On a port of the loopback, which is printed. */
static int listen_on_tcp(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int fd = new_socket(AF_INET);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    start_listening(fd, (struct sockaddr *)&address, length);
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        die("getsockname");
    printf("%d\n", ntohs(address.sin_port));
    return fd;
}

/* On an abstract name, which begins with a null byte and is printed without it. */
static int listen_on_unix(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *name = address.sun_path + 1;
    int fd = new_socket(AF_UNIX);
    snprintf(name, sizeof address.sun_path - 1, "uring-rt-benches-%d", (int)getpid());
    start_listening(fd, (struct sockaddr *)&address,
                    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
    printf("@%s\n", name);
    return fd;
}

int main(int argc, char **argv) {
    ev_io input, listener;
    int fd;
    buffer_size = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (buffer_size == 0) {
        fputs("a transport and the size of a buffer are missing\n", stderr);
        return 2;
    }
    is_tcp = strcmp(argv[1], "tcp") == 0;
    fd = is_tcp ? listen_on_tcp() : listen_on_unix();
    fflush(stdout);

    struct ev_loop *loop = ev_default_loop(0);
    if (loop == NULL)
        die("libev");
    ev_io_init(&input, on_input, STDIN_FILENO, EV_READ);
    ev_io_start(loop, &input);
    ev_io_init(&listener, on_connection, fd, EV_READ);
    ev_io_start(loop, &listener);
    ev_run(loop, 0);
    return 0;
}
