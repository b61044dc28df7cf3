"""What every venue over a network needs from a wire. Nothing in it knows a venue; a third party's adapter may use it.

    clock.py      `SystemClock`, and `ManualClock` for tests: time and pauses come from one object
    address.py    `base_address(text)`: an address that may be given secrets (https, or http on this machine)
    decimals.py   `loads`, `dumps`, `number`, `objects`: JSON with exact numbers; duplicate keys and NaN are refused
    budget.py     `Budget(clock, per_s=…)`: who may send next; exits before entries
    transport.py  `Transport(base, …)`: `read`, `write`, `stream`: the only door to httpx
    pool.py       the connections below it
    outcome.py    `Answered | NotSent | Unknown`: what a write came to
    lines.py      newline-framed bodies that never end
    socket.py     `Socket(url, session, clock=…, rng=…, keep=…)`: a websocket that stays, watched, never behind;
                  `link.py` is one connection of it, `conflate.py` what waits for its listener

A venue in a few lines:

    budget = Budget(clock, per_s=20)
    wire = Transport("https://api.example.com", clock, budget, authorise=lambda request: {"X-Key": key})
    reply = await wire.read("/v1/account")                      # GET, up to three tries; VenueError without answer
    if reply.status == 200:
        balance = number(reply.body["balance"], "balance")      # a Decimal, never through float
    outcome = await wire.write("POST", "/v1/orders", dumps(order), urgency=Urgency.EXIT)   # sent at most once
    match outcome:
        case Answered(reply): ...                               # the venue spoke: read what it says
        case NotSent(): ...                                     # proved: not one byte left, the venue can't have it
        case Unknown(): ...                                     # it may have it: ask for it, never send it again
    async with wire.stream("/v1/stream", idle_s=10) as lines:
        async for line in lines: ...
    await wire.close()

In tests `Transport(…, via=httpx.MockTransport(handler))` takes the place of the network, `ManualClock` that of time.
`authorise` is called right before each request leaves, after any wait for the budget, so that signed times are fresh.
"""
