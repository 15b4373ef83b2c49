
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * How many instructions it takes to tell a digest that was sent from the
 * right one: the same, wherever they differ, and if they do not.  A child
 * makes the comparison a step at a time, its parent counts the steps.
 */


#include "test.h"
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ngx_webhook_hmac.h"
#include "ngx_webhook_sig.h"


static size_t  lengths[] = { 20, 32, 48, 64 };


static void
compare(u_char *sent, u_char *right, size_t len)
{
    (void) ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);

    (void) ngx_webhook_equal(sent, right, len);

    raise(SIGSTOP);
    _exit(0);
}


/* steps from one SIGSTOP to the other, or -1 */

static long
steps(u_char *sent, u_char *right, size_t len)
{
    int    status;
    long   n;
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        compare(sent, right, len);
    }

    if (pid == -1 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
        return -1;
    }

    for (n = 0; n < 10000000; n++) {

        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0
            || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        {
            n = -1;
            break;
        }

        if (WSTOPSIG(status) == SIGSTOP) {
            break;
        }
    }

    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, &status, 0);

    return n;
}


int
main(void)
{
    long        n, first;
    u_char      sent[NGX_WEBHOOK_DIGEST_MAX], right[NGX_WEBHOOK_DIGEST_MAX];
    size_t      i, len;
    ngx_uint_t  k;

    for (i = 0; i < NGX_WEBHOOK_DIGEST_MAX; i++) {
        sent[i] = (u_char) (i * 37 + 11);
    }

    test_case("the steps are counted");

    memcpy(right, sent, sizeof(right));
    first = steps(sent, right, 32);
    n = steps(sent, right, 64);

    test_ok(first > 32, "%ld", first);
    test_ok(n > first, "%ld for 64 bytes, %ld for 32", n, first);

    test_case("they are the same wherever two digests differ");

    for (k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {

        len = lengths[k];
        memcpy(right, sent, sizeof(right));
        first = steps(sent, right, len);

        /* each byte of one length; of the others the first and the last */

        for (i = 0; i < len; i += (len == 32) ? 1 : len - 1) {
            right[i] ^= (u_char) (1 << (i % 8));
            n = steps(sent, right, len);
            right[i] = sent[i];

            test_ok(n == first, "%ld steps with byte %d of %d wrong, %ld with "
                    "none", n, (int) i, (int) len, first);
        }
    }

    test_case("and if all of them do");

    for (k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {

        len = lengths[k];

        for (i = 0; i < len; i++) {
            right[i] = (u_char) ~sent[i];
        }

        first = steps(sent, sent, len);
        n = steps(sent, right, len);

        test_ok(n == first, "%ld steps and %ld", n, first);
    }

    return test_done();
}
