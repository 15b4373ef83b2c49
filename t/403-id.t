# webhook_verify_id: what is an event's id, and what is not.

use lib 't/lib';
use WebhookVerify 'no_plan';

use_redis();

# --- id: arguments of webhook_verify_id, one directive a line

add_block_preprocessor(sub {
    my $block = shift;

    return if defined $block->config;

    my $ids = join '', map { "        webhook_verify_id $_;\n" }
                       grep { /\S/ } split /\n/, $block->id // '/job_id';

    $block->set_value('gate', <<"_EOC_" . $ids . ($block->more // ''));
        webhook_verify           hmac;
        webhook_verify_secret    secret;
        webhook_verify_signature \$http_x_signature;
        webhook_verify_scope     id;
        webhook_verify_store     redis://127.0.0.1:$ENV{TEST_NGINX_REDIS_PORT};
_EOC_
});

run_tests();

__DATA__

=== TEST 1: a string
--- deliveries
good {"job_id":"job_123"} -> 200 first id=job_123
--- redis_keys
webhook:id:{job_123} d:200



=== TEST 2: a number is its text as written
--- deliveries
good {"job_id":17}      -> 200 first id=17
good {"job_id":17.0}    -> 200 first id=17.0
good {"job_id":1.7e1}   -> 200 first id=1.7e1
good {"job_id":1.7E+1}  -> 200 first id=1.7E+1
good {"job_id":-17}     -> 200 first id=-17
good {"job_id":0}       -> 200 first id=0
good {"job_id":-0}      -> 200 first id=-0
good {"job_id": 17 }    -> 200 duplicate id=17



=== TEST 3: 17 and "17" are one id
--- deliveries
good {"job_id":17}   -> 200 first id=17
good {"job_id":"17"} -> 200 duplicate id=17



=== TEST 4: huge numbers are not rounded
--- deliveries
good {"job_id":123456789012345678901234567890}  -> 200 first id=123456789012345678901234567890
good {"job_id":123456789012345678901234567891}  -> 200 first id=123456789012345678901234567891
good {"job_id":9007199254740993}                -> 200 first id=9007199254740993
good {"job_id":9007199254740992}                -> 200 first id=9007199254740992
good {"job_id":1e999}                           -> 200 first id=1e999
good {"job_id":0.1000000000000000055511151231}  -> 200 first id=0.1000000000000000055511151231



=== TEST 5: true and false
--- deliveries
good {"job_id":true}    -> 200 first id=true
good {"job_id":false}   -> 200 first id=false
good {"job_id":"true"}  -> 200 duplicate id=true
good {"job_id":"false"} -> 200 duplicate id=false



=== TEST 6: missing, null, empty, object, array: the body is the id
--- deliveries
good {"n":1}               -> 200 first
good {"job_id":null}       -> 200 first
good {"job_id":""}         -> 200 first
good {"job_id":{}}         -> 200 first
good {"job_id":{"id":"a"}} -> 200 first
good {"job_id":[]}         -> 200 first
good {"job_id":["a"]}      -> 200 first
good {"n":1}               -> 200 duplicate
good {"job_id":null}       -> 200 duplicate
--- response_headers eval
[map { 'X-Id: body:' . ::sha256_hex($_) }
 '{"n":1}', '{"job_id":null}', '{"job_id":""}', '{"job_id":{}}',
 '{"job_id":{"id":"a"}}', '{"job_id":[]}', '{"job_id":["a"]}', '{"n":1}',
 '{"job_id":null}']
--- redis_keys eval
CORE::join "\n", map { 'webhook:id:body:' . ::sha256_hex($_) . ' d:200' }
    '{"n":1}', '{"job_id":null}', '{"job_id":""}', '{"job_id":{}}',
    '{"job_id":{"id":"a"}}', '{"job_id":[]}', '{"job_id":["a"]}'



=== TEST 7: bodies that are no object
--- deliveries
good                -> 200 first
good "job_id"       -> 200 first
good 17             -> 200 first
good null           -> 200 first
good ["job_id","a"] -> 200 first
good job_id=a       -> 200 first
good <job_id>a</job_id> -> 200 first
--- redis_keys eval
CORE::join "\n", map { 'webhook:id:body:' . ::sha256_hex($_) . ' d:200' }
    '', '"job_id"', '17', 'null', '["job_id","a"]', 'job_id=a',
    '<job_id>a</job_id>'



=== TEST 8: the same name in a nested object is another one
--- deliveries
good {"data":{"job_id":"x"},"job_id":"a"}     -> 200 first id=a
good {"data":[{"job_id":"x"}],"job_id":"b"}   -> 200 first id=b
good {"a":{"b":{"job_id":"x"}},"job_id":"c"}  -> 200 first id=c
good {"data":{"job_id":"a"}}                  -> 200 first
good {"x":"job_id","job_id":"d"}              -> 200 first id=d
good {"x":"\"job_id\":\"e\"","job_id":"f"}    -> 200 first id=f



=== TEST 9: of duplicate members the first counts
--- deliveries
good {"job_id":"a","job_id":"b"}  -> 200 first id=a
good {"job_id":"b"}               -> 200 first id=b
good {"job_id":"a"}               -> 200 duplicate id=a
good {"job_id":"c","x":{"job_id":"d"},"job_id":"e"} -> 200 first id=c



=== TEST 10: the first occurrence counts even if it is no scalar
--- deliveries
good {"job_id":null,"job_id":"x1"} -> 200 first
good {"job_id":"x1"}               -> 200 first id=x1
good {"job_id":{},"job_id":"x2"}   -> 200 first
good {"job_id":"x2"}               -> 200 first id=x2



=== TEST 11: nothing after the last wanted member is looked at
--- deliveries
good {"job_id":"a"}               -> 200 first id=a
good {"job_id":"a", broken        -> 200 duplicate id=a
good {"job_id":"a"}}}}            -> 200 duplicate id=a
good {"job_id":"a","x":[1,2       -> 200 duplicate id=a
good {"job_id":"a","x":"\q"}      -> 200 duplicate id=a
good {"job_id":"b"                -> 200 first id=b
good {"job_id":"b"}               -> 200 duplicate id=b



=== TEST 12: broken JSON before the id: the body is the id
--- deliveries
good {"x":,"job_id":"a"}     -> 200 first
good {x:1,"job_id":"a"}      -> 200 first
good {'x':1,"job_id":"a"}    -> 200 first
good {"x":[1}],"job_id":"a"} -> 200 first
good {"x":tru,"job_id":"a"}  -> 200 first
good {"x":01,"job_id":"a"}   -> 200 first
good {"x":"\q","job_id":"a"} -> 200 first
good x{"job_id":"a"}         -> 200 first
good {"job_id":              -> 200 first
good {"job_id":"a            -> 200 first
good {"job_id":tru           -> 200 first
good {"job_id" "a"}          -> 200 first
good {"job_id":"a"}          -> 200 first id=a
--- redis_keys eval
CORE::join "\n", (map { 'webhook:id:body:' . ::sha256_hex($_) . ' d:200' }
    '{"x":,"job_id":"a"}', '{x:1,"job_id":"a"}', q({'x':1,"job_id":"a"}),
    '{"x":[1}],"job_id":"a"}', '{"x":tru,"job_id":"a"}',
    '{"x":01,"job_id":"a"}', '{"x":"\q","job_id":"a"}', 'x{"job_id":"a"}',
    '{"job_id":', '{"job_id":"a', '{"job_id":tru', '{"job_id" "a"}'),
    'webhook:id:{a} d:200'



=== TEST 13: escapes in the value
--- deliveries
good {"job_id":"a\u0062c"}       -> 200 first id=abc
good {"job_id":"abc"}            -> 200 duplicate id=abc
good {"job_id":"a\/b"}           -> 200 first id=a/b
good {"job_id":"a/b"}            -> 200 duplicate id=a/b
good {"job_id":"q\"q\\q"}        -> 200 first id=q"q\q



=== TEST 14: escapes beyond ASCII are UTF-8
--- deliveries eval
[
    { body => '{"job_id":"\u00e9"}', expect => '200 first' },
    { body => "{\"job_id\":\"\xc3\xa9\"}", expect => '200 duplicate' },
    { body => '{"job_id":"\u20ac"}', expect => '200 first' },
    { body => "{\"job_id\":\"\xe2\x82\xac\"}", expect => '200 duplicate' },
    { body => '{"job_id":"\ud83d\ude00"}', expect => '200 first' },
    { body => "{\"job_id\":\"\xf0\x9f\x98\x80\"}", expect => '200 duplicate' },
]
--- redis_keys eval
CORE::join "\n", map { 'webhook:id:' . ::sha256_hex($_) . ' d:200' }
           "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"



=== TEST 15: control characters in the value
--- deliveries eval
[
    { body => '{"job_id":"a\u0000b"}', expect => '200 first' },
    { body => '{"job_id":"a\u0000c"}', expect => '200 first' },
    { body => '{"job_id":"a"}', expect => '200 first' },
    { body => '{"job_id":"a\nb"}', expect => '200 first' },
    { body => '{"job_id":"a\u000ab"}', expect => '200 duplicate' },
]
--- redis_keys eval
CORE::join "\n", map { 'webhook:id:' . ::sha256_hex($_) . ' d:200' }
           "a\0b", "a\0c", "a", "a\nb"
--- response_headers eval
["", "", "", "", ""]



=== TEST 16: halves of surrogate pairs do not make two events one
--- deliveries
good {"job_id":"\ud800"}  -> 200 first
good {"job_id":"\ud801"}  -> 200 first
good {"job_id":"\udc00x"} -> 200 first
good {"job_id":"?"}       -> 200 first
good {"job_id":"?x"}      -> 200 first
good {"job_id":"\ud800"}  -> 200 duplicate



=== TEST 17: bytes that are no UTF-8 do not make two events one
--- deliveries eval
[
    { body => "{\"job_id\":\"\xff\"}", expect => '200 first' },
    { body => "{\"job_id\":\"\xfe\"}", expect => '200 first' },
    { body => "{\"job_id\":\"\xff\"}", expect => '200 duplicate' },
]



=== TEST 18: escapes in the member's name
--- deliveries
good {"job\u005fid":"a"} -> 200 first id=a
good {"job_id":"a"}      -> 200 duplicate id=a



=== TEST 19: white space
--- deliveries eval
[
    { body => " \t\r\n{ \n\"job_id\" \r\n:\t \"a\" } \n", expect => '200 first id=a' },
    { body => '{"job_id":"a"}', expect => '200 duplicate id=a' },
    { body => '{"job_id":" a "}', expect => '200 first' },
]



=== TEST 20: deeper pointers
--- id
/a/b/c
--- deliveries
good {"a":{"b":{"c":"x"}}}                        -> 200 first id=x
good {"a":{"b":{"d":1,"c":"y"},"c":"n"},"c":"n"}  -> 200 first id=y
good {"a":{"c":"n","b":{"c":"z"}}}                -> 200 first id=z
good {"b":{"c":"n"},"a":{"b":{"c":"x"}}}          -> 200 duplicate id=x
good {"a":{"b":"c"}}                              -> 200 first
good {"a":{"b":{}}}                               -> 200 first
good {"a":{},"b":{"c":"x"}}                       -> 200 first
good {"a":{"b":[{"c":"x"}]}}                      -> 200 first



=== TEST 21: ~0 and ~1 in a pointer
--- id
/a~1b/m~0n/~01
--- deliveries
good {"a/b":{"m~n":{"~1":"x"}}}  -> 200 first id=x
good {"a":{"b":{"m~n":"y"}}}     -> 200 first
good {"a/b":{"m~n":{"/":"z"}}}   -> 200 first
--- response_headers eval
["", map { 'X-Id: body:' . ::sha256_hex($_) }
     '{"a":{"b":{"m~n":"y"}}}', '{"a/b":{"m~n":{"/":"z"}}}']



=== TEST 22: the empty member name
--- id
/
--- deliveries
good {"":"x"}  -> 200 first id=x
good {"a":"x"} -> 200 first



=== TEST 23: a pointer that ends in a slash
--- id
/a/
--- deliveries
good {"a":{"":"x"}} -> 200 first id=x
good {"a":"x"}      -> 200 first



=== TEST 24: names with dots, blanks, percent signs, beyond ASCII
--- id
"/a.b"
"/c d"
/%41
/é
--- deliveries
good {"a.b":"1"} -> 200 first id=1
good {"c d":"2"} -> 200 first id=2
good {"%41":"3"} -> 200 first id=3
good {"é":"4"}   -> 200 first id=4
good {"A":"5"}   -> 200 first



=== TEST 25: names are compared whole and in their case
--- deliveries
good {"job_i":"a","job_idx":"b","Job_id":"c","job_id":"d"} -> 200 first id=d
good {"job":"a"}     -> 200 first
good {"JOB_ID":"d"}  -> 200 first
good {"job_id ":"d"} -> 200 first



=== TEST 26: an index of an array
--- id
/items/1/id
--- deliveries
good {"items":[{"id":"a"},{"id":"b"},{"id":"c"}]}  -> 200 first id=b
good {"items":[[{"id":"x"}],{"id":"d"}]}           -> 200 first id=d
good {"items":[1,{"x":[5,{"id":"n"}],"id":"e"}]}   -> 200 first id=e
good {"items":[{"id":"a"}]}                        -> 200 first
good {"items":[]}                                  -> 200 first
good {"items":{"1":{"id":"f"}}}                    -> 200 first id=f



=== TEST 27: an index of the document itself
--- id
/0/id
--- deliveries
good [{"id":"a"},{"id":"b"}] -> 200 first id=a
good [[],{"id":"a"}]         -> 200 first



=== TEST 28: scalars in an array
--- id
/2
--- deliveries
good ["a","b","c","d"]        -> 200 first id=c
good [[1,2,3],{"2":"n"},"e"]  -> 200 first id=e
good ["a","b",null]           -> 200 first
good ["a","b"]                -> 200 first



=== TEST 29: what is no index
--- id
/a/01
/a/-
/a/+1
--- deliveries
good {"a":["x","y"]}   -> 200 first
good {"a":{"01":"z"}}  -> 200 first id=z
--- response_headers eval
['X-Id: body:' . ::sha256_hex('{"a":["x","y"]}'), ""]



=== TEST 30: an index beyond all numbers
--- id
/a/18446744073709551616
--- deliveries
good {"a":["x","y"]}                       -> 200 first
good {"a":{"18446744073709551616":"z"}}    -> 200 first id=z



=== TEST 31: a compound id is hashed as netstrings
--- id
/a /b
--- deliveries
good {"a":"job","b":"done"} -> 200 first id=3:job,4:done,
good {"b":"done","a":"job"} -> 200 duplicate id=3:job,4:done,
--- redis_keys
webhook:id:{3:job,4:done,} d:200



=== TEST 32: the parts of a compound id cannot run into each other
--- id
/a /b
--- deliveries
good {"a":"ab","b":"c"}       -> 200 first id=2:ab,1:c,
good {"a":"a","b":"bc"}       -> 200 first id=1:a,2:bc,
good {"a":"a,1:b","b":"c"}    -> 200 first id=5:a,1:b,1:c,
good {"a":"a","b":"b,1:c"}    -> 200 first id=1:a,5:b,1:c,



=== TEST 33: the order of the parts is the configuration's
--- id
/b /a
--- deliveries
good {"a":"x","b":"y"} -> 200 first id=1:y,1:x,
good {"a":"y","b":"x"} -> 200 first id=1:x,1:y,



=== TEST 34: a compound with a part missing is none
--- id
/a /b
--- deliveries
good {"a":"x"}           -> 200 first
good {"b":"y"}           -> 200 first
good {"a":"x","b":null}  -> 200 first
good {"a":"x","b":""}    -> 200 first
good {"a":{},"b":"y"}    -> 200 first
good {"a":"x"}           -> 200 duplicate
--- response_headers eval
[map { 'X-Id: body:' . ::sha256_hex($_) }
 '{"a":"x"}', '{"b":"y"}', '{"a":"x","b":null}', '{"a":"x","b":""}',
 '{"a":{},"b":"y"}', '{"a":"x"}']



=== TEST 35: the length of a part counts bytes
--- id
/a /b
--- deliveries eval
[
    { body => "{\"a\":\"\xc3\xa9\",\"b\":\"x\"}", expect => '200 first' },
]
--- redis_keys eval
'webhook:id:' . ::sha256_hex("2:\xc3\xa9,1:x,") . ' d:200'



=== TEST 36: the same pointer twice
--- id
/a /a
--- deliveries
good {"a":"x"} -> 200 first id=1:x,1:x,



=== TEST 37: a pointer inside of what another points to
--- id
/a /a/b
/a/b
--- deliveries
good {"a":{"b":"x"}} -> 200 first id=x
good {"a":"x"}       -> 200 first



=== TEST 38: many parts
--- id
/a /b /c /d /e /f /g /h
--- deliveries
good {"h":8,"g":7,"f":6,"e":5,"d":4,"c":3,"b":2,"a":1} -> 200 first id=1:1,1:2,1:3,1:4,1:5,1:6,1:7,1:8,



=== TEST 39: alternatives: the first that is whole wins
--- id
/id
/job_id
--- deliveries
good {"id":"a","job_id":"b"}    -> 200 first id=a
good {"job_id":"b","id":"c"}    -> 200 first id=c
good {"job_id":"b"}             -> 200 first id=b
good {"id":null,"job_id":"b"}   -> 200 duplicate id=b
good {"id":"","job_id":"d"}     -> 200 first id=d
good {"id":{},"job_id":"e"}     -> 200 first id=e
good {"n":1}                    -> 200 first



=== TEST 40: alternatives: a compound, else a single one
--- id
/event /data/id
/id
--- deliveries
good {"event":"e","data":{"id":"x"},"id":"z"}  -> 200 first id=1:e,1:x,
good {"event":"e","id":"z"}                    -> 200 first id=z
good {"data":{"id":"x"},"id":"z"}              -> 200 duplicate id=z



=== TEST 41: a later alternative that comes first does not end the search
--- id
/first
/second
--- deliveries
good {"second":"b","first":"a"} -> 200 first id=a
good {"first":"a"}              -> 200 duplicate id=a



=== TEST 42: a value instead of a pointer
--- id
$http_x_event_id
--- deliveries
good +X-Event-Id:e1 {"n":1} -> 200 first id=e1
good +X-Event-Id:e1 {"n":2} -> 200 duplicate id=e1
good +X-Event-Id:e2 {"n":2} -> 200 first id=e2
good                {"n":2} -> 200 first
--- redis_keys eval
CORE::join "\n", (map { 'webhook:id:' . ::sha256_hex($_) . ' d:200' } 'e1', 'e2'),
           'webhook:id:body:' . ::sha256_hex('{"n":2}') . ' d:200'



=== TEST 43: an empty value is none
--- id
$http_x_event_id
/n
--- deliveries
good +X-Event-Id: {"n":1} -> 200 first id=1
good              {"n":1} -> 200 duplicate id=1



=== TEST 44: a value and a pointer in one compound
--- id
$http_x_tenant /n
--- deliveries
good +X-Tenant:a {"n":1} -> 200 first id=1:a,1:1,
good +X-Tenant:b {"n":1} -> 200 first id=1:b,1:1,
good +X-Tenant:a {"n":1} -> 200 duplicate id=1:a,1:1,
good             {"n":1} -> 200 first



=== TEST 45: a value with text around its variable
--- id
"evt-$http_x_event_id"
--- deliveries
good +X-Event-Id:e1 {"n":1} -> 200 first id=evt-e1



=== TEST 46: a constant makes all deliveries one event, if one wants that
--- id
constant
--- deliveries
good {"n":1} -> 200 first id=constant
good {"n":2} -> 200 duplicate id=constant



=== TEST 47: a value that contains a slash later on is no pointer
--- id
"$http_x_event_id/x"
--- deliveries
good +X-Event-Id:e1 {"n":1} -> 200 first id=e1/x



=== TEST 48: values alone do not need the body to be JSON
--- id
$http_x_event_id
--- deliveries
good +X-Event-Id:e1 not-json -> 200 first id=e1



=== TEST 49: the id comes last in one megabyte
--- more
        client_body_buffer_size 16k;
--- deliveries eval
my $pad = '{"text":"' . 'word ' x 200000 . '","list":[' . '1,' x 20000 . '0],';
[
    { body => $pad . '"job_id":"last"}', expect => '200 first id=last' },
    { body => '{"job_id":"last"}', expect => '200 duplicate id=last' },
]



=== TEST 50: the id comes first in one megabyte
--- more
        client_body_buffer_size 16k;
--- deliveries eval
[
    { body => '{"job_id":"first","text":"' . 'word ' x 200000 . '"}',
      expect => '200 first id=first' },
]



=== TEST 51: an id across the borders of buffers
--- more
        client_body_buffer_size 1k;
--- deliveries eval
[
    map {
        my $pad = 'x' x $_;
        { body => qq({"pad":"$pad","job_id":"id-\\u00410$_","z":1}),
          expect => "200 first id=id-A0$_" };
    } 995 .. 1015
]



=== TEST 52: an id in a body of many small packets
--- raw_request eval
my $body = '{"x":{"y":[1,2,{"job_id":"no"}]},"job_id":"yes\u0041"}';
[
    "POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    . "Transfer-Encoding: chunked\r\nX-Signature: " . ::mac_hex($body)
    . "\r\n\r\n",
    (map { "1\r\n$_\r\n" } split //, $body), "0\r\n\r\n"
]
--- raw_request_middle_delay: 0.002
--- response_headers
X-Result: first
X-Id: yesA
--- seen eval
['{"x":{"y":[1,2,{"job_id":"no"}]},"job_id":"yes\u0041"}']



=== TEST 53: an id of one megabyte harms nobody
--- more
        client_body_buffer_size 16k;
--- deliveries eval
my $id = 'i' x 1048576;
[
    { body => qq({"job_id":"$id"}), expect => '200 first' },
    { body => qq({"job_id":"$id"}), expect => '200 duplicate' },
    { body => qq({"job_id":"${id}i"}), expect => '200 first' },
]
--- response_headers eval
["", "", ""]



=== TEST 54: two long ids that differ at their ends are two events
--- deliveries eval
my $id = 'i' x 5000;
[
    { body => qq({"job_id":"${id}a"}), expect => '200 first' },
    { body => qq({"job_id":"${id}b"}), expect => '200 first' },
    { body => qq({"job_id":"${id}a"}), expect => '200 duplicate' },
]



=== TEST 55: a long number is an id, too, or the body is
--- deliveries eval
my $id = '9' x 5000;
[
    { body => qq({"job_id":${id}1}), expect => '200 first' },
    { body => qq({"job_id":${id}2}), expect => '200 first' },
    { body => qq({"job_id":${id}1}), expect => '200 duplicate' },
]



=== TEST 56: deep nesting before the id harms nobody
--- deliveries eval
[
    map { ({ body => $_, expect => '200 first' },
           { body => $_, expect => '200 duplicate' }) }
        '{"x":' . '[' x 100000 . ']' x 100000 . ',"job_id":"deep"}',
        '{"x":' . '{"a":' x 50000 . '1' . '}' x 50000 . ',"job_id":"deep"}',
        '[' x 200000,
]



=== TEST 57: some nesting before the id is usual
--- deliveries eval
[
    { body => '{"x":' . '[' x 20 . ']' x 20 . ',"job_id":"deep"}',
      expect => '200 first id=deep' },
]



=== TEST 58: a byte order mark
--- deliveries eval
[
    { body => "\xef\xbb\xbf{\"job_id\":\"a\"}", expect => '200 first' },
    { body => "\xef\xbb\xbf{\"job_id\":\"a\"}", expect => '200 duplicate' },
]



=== TEST 59: comments are no JSON
--- deliveries
good {/*"job_id":"x",*/"job_id":"a"} -> 200 first
--- response_headers eval
'X-Id: body:' . ::sha256_hex('{/*"job_id":"x",*/"job_id":"a"}')



=== TEST 60: the id is only read once the signature was good
--- deliveries
forged   {"job_id":"a"} -> 401 bad_signature
unsigned {"job_id":"a"} -> 401 missing_signature
--- response_headers eval
["!X-Id", "!X-Id"]
--- redis_asked: nothing
