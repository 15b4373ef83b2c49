
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * A process is killed at any instruction of a change, the mutex is unlocked
 * as the master does, and who locks it next finds a zone in order.
 */


#include "test.h"
#include <sys/wait.h>
#include "ngx_webhook_shm.h"


#define SIZE     (32 * TEST_PAGE)
#define KEYS     4096          /* more than there is room for */
#define ANCHORS  32            /* claims that nobody else touches */
#define KILLS    400
#define FOREVER  1000000


static ngx_webhook_shm_t  shm;
static u_char            *gone;          /* keys that nobody has now */
static ngx_uint_t         repaired;


/* as ngx_init_zone_pool() */

static void
create(void)
{
    ngx_slab_pool_t  *sp;

    ngx_pagesize = TEST_PAGE;
    ngx_pagesize_shift = 12;

    sp = mmap(NULL, SIZE, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1,
              0);
    if (sp == MAP_FAILED) {
        perror("mmap()");
        exit(1);
    }

    gone = mmap(NULL, ANCHORS + KEYS, PROT_READ|PROT_WRITE,
                MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    if (gone == MAP_FAILED) {
        perror("mmap()");
        exit(1);
    }

    sp->end = (u_char *) sp + SIZE;
    sp->min_shift = 3;
    sp->addr = sp;

    test_is(ngx_shmtx_create(&sp->mutex, &sp->lock, NULL), NGX_OK, "mutex");

    ngx_slab_sizes_init();
    ngx_slab_init(sp);

    shm.shpool = sp;
    shm.name = test_str("unit");

    test_is(ngx_webhook_shm_init(&shm), NGX_OK, "init");
}


static void
digest_of(u_char *digest, ngx_uint_t key)
{
    memset(digest, 0, NGX_WEBHOOK_SHM_DIGEST_LEN);
    memcpy(digest, &key, sizeof(key));
}


static void
put(ngx_webhook_shm_node_t *node, ngx_uint_t done, ngx_msec_t time)
{
    node->done = done & 1;
    node->expire = ngx_current_msec + time;
    ngx_queue_insert_tail(done ? &shm.sh->done : &shm.sh->claims,
                          &node->queue);
}


/* what the store does with a key: claims, commits, releases, and expires it */

static void
change(ngx_uint_t key)
{
    u_char                   digest[NGX_WEBHOOK_SHM_DIGEST_LEN];
    ngx_webhook_shm_node_t  *node;

    digest_of(digest, key);
    gone[key] = 0;

    ngx_webhook_shm_lock(&shm);

    node = ngx_webhook_shm_lookup(&shm, digest);

    if (node == NULL) {
        node = ngx_webhook_shm_add(&shm, digest);

        if (node) {
            put(node, 0, (key % 3) ? FOREVER : 1);
        }

    } else if (!node->done && key % 5) {
        ngx_queue_remove(&node->queue);
        put(node, 1, (key % 7) ? FOREVER : 1);

    } else {
        ngx_webhook_shm_remove(&shm, node);
        node = NULL;
    }

    ngx_webhook_shm_unlock(&shm);

    gone[key] = (node == NULL);
}


static void
child(unsigned seed)
{
    ngx_pid = getpid();

    for ( ;; ) {
        seed = seed * 1103515245u + 12345u;

        if (seed % 64 == 0) {
            ngx_current_msec++;
        }

        change(ANCHORS + (seed >> 8) % KEYS);
    }
}


static ngx_uint_t
queued(ngx_queue_t *queue, ngx_uint_t done)
{
    ngx_uint_t               n;
    ngx_queue_t             *q;
    ngx_webhook_shm_node_t  *node;

    n = 0;

    for (q = ngx_queue_head(queue); q != queue; q = ngx_queue_next(q)) {

        node = ngx_queue_data(q, ngx_webhook_shm_node_t, queue);

        if (++n > shm.sh->size || ngx_queue_next(ngx_queue_prev(q)) != q
            || node->done != done
            || ngx_webhook_shm_lookup(&shm, node->digest) != node)
        {
            return (ngx_uint_t) -1;
        }
    }

    return n;
}


static void
in_order(ngx_uint_t round)
{
    u_char                     digest[NGX_WEBHOOK_SHM_DIGEST_LEN];
    ngx_uint_t                 i, claims, done, found, idle;
    ngx_webhook_shm_node_t    *node;
    ngx_webhook_shm_shared_t  *sh;

    sh = shm.sh;

    ngx_shmtx_lock(&shm.shpool->mutex);
    repaired += (sh->busy != 0);
    ngx_shmtx_unlock(&shm.shpool->mutex);

    ngx_webhook_shm_lock(&shm);

    claims = queued(&sh->claims, 0);
    done = queued(&sh->done, 1);

    test_ok(claims != (ngx_uint_t) -1 && done != (ngx_uint_t) -1
            && claims + done == sh->keys,
            "round %d: %d claims and %d done of %d keys", (int) round,
            (int) claims, (int) done, (int) sh->keys);

    idle = 0;

    for (i = sh->free; i && idle <= sh->used; i = sh->nodes[i - 1].next) {
        idle++;
    }

    test_ok(sh->keys + idle == sh->used && sh->used <= sh->size,
            "round %d: %d keys and %d free of %d", (int) round,
            (int) sh->keys, (int) idle, (int) sh->used);

    found = 0;

    for (i = 0; i < ANCHORS; i++) {
        digest_of(digest, i);
        node = ngx_webhook_shm_lookup(&shm, digest);
        found += (node && !node->done);
    }

    test_ok(found == ANCHORS, "round %d: %d claims are still there",
            (int) round, (int) found);

    found = 0;

    for (i = 0; i < ANCHORS + KEYS; i++) {
        digest_of(digest, i);
        node = ngx_webhook_shm_lookup(&shm, digest);
        found += (gone[i] && node && !ngx_webhook_shm_expired(node));
    }

    test_ok(found == 0, "round %d: %d have come back", (int) round,
            (int) found);

    ngx_webhook_shm_unlock(&shm);
}


int
main(void)
{
    pid_t                    pid;
    u_char                   digest[NGX_WEBHOOK_SHM_DIGEST_LEN];
    ngx_uint_t               i;
    ngx_webhook_shm_node_t  *node;

    test_case("a zone of which a process was killed is in order");

    ngx_pid = getpid();

    /* a machine that is up for half of what a time can tell */

    ngx_current_msec = (ngx_msec_t) -1 / 2 + FOREVER;

    create();

    for (i = 0; i < ANCHORS; i++) {
        digest_of(digest, i);

        ngx_webhook_shm_lock(&shm);
        node = ngx_webhook_shm_add(&shm, digest);
        put(node, 0, FOREVER);
        ngx_webhook_shm_unlock(&shm);
    }

    for (i = 0; i < KILLS; i++) {

        pid = fork();

        if (pid == 0) {
            child((unsigned) i * 7919u);
        }

        usleep((useconds_t) (500 + i * 37 % 1500));

        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);

        (void) ngx_shmtx_force_unlock(&shm.shpool->mutex, pid);

        in_order(i);
    }

    test_case("some were killed within a change");
    test_ok(repaired > KILLS / 20, "%d of %d", (int) repaired, KILLS);

    return test_done();
}
