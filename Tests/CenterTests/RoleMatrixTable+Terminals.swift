extension MatrixRow {
    /// Terminal servers, their pools and agents.
    static let terminals = #"""
        GET /api/v1/agents  anywhere  200
        POST /api/v1/agents/tokens  place  201  {"group":"GROUP"}
        POST /api/v1/agents/tokens  place  201  {"server":"ts-of-NODE","group":"GROUP"}
        DELETE /api/v1/agents/ts-of-NODE  hidden  204
        GET /api/v1/terminals  anywhere  200
        GET /api/v1/terminals/ts-of-NODE  place  200
        PUT /api/v1/terminals/fresh  place  200  {"name":"fresh","group":"GROUP","address":"10.77.0.9","ports":{"rdp":3389,"ssh":22}}
        PUT /api/v1/terminals/ts-of-NODE  place  200  {"name":"ts-of-NODE","group":"GROUP","address":"10.77.0.9","weight":1.5}
        PATCH /api/v1/terminals/ts-of-NODE  place  422  {"ports":{"rpd":3389}}
        PATCH /api/v1/terminals/ts-of-NODE  place  200  {"sessionLimit":9}
        DELETE /api/v1/terminals/ts-of-NODE  place  204
        POST /api/v1/terminals/ts-of-NODE/drain?restart=yes  place  200
        POST /api/v1/terminals/ts-of-NODE/resume  place  200
        POST /api/v1/terminals/ts-of-NODE/maintenance  place  200
        POST /api/v1/terminals/ts-of-NODE/restart  place  200
        GET /api/v1/pools  anywhere  200
        GET /api/v1/pools/pool-of-NODE  place  200
        PUT /api/v1/pools/fresh  place  200  {"name":"fresh","group":"GROUP","levels":[{"servers":["ts-of-NODE"]}]}
        PATCH /api/v1/pools/pool-of-NODE  place  200  {"hours":["mon-fri 07:00-18:00"]}
        PATCH /api/v1/pools/pool-of-NODE  place  422  {"hours":["always"]}
        DELETE /api/v1/pools/pool-of-NODE  place  204
        GET /api/v1/place?user=ann&node=NODE&pool=pool-of-NODE&protocols=rdp,ssh  place  200
        GET /api/v1/placements  anywhere  200
        GET /desktops  anywhere  200
        GET /desktops/servers  anywhere  200
        GET /desktops/servers/ts-of-NODE  place  200
        POST /desktops/servers/ts-of-NODE/admit  place  200  act=restart
        POST /desktops/servers/ts-of-NODE/admit  place  200  act=maintenance
        GET /desktops/server  anywhere  200
        GET /desktops/server?name=ts-of-NODE  place  200
        POST /desktops/server  place  200  new=yes&name=fresh&group=GROUP&address=10.77.0.9&system=linux&protocols=rdp,ssh:2222&weight=1.5
        POST /desktops/server  place  422  new=yes&name=fresh&group=GROUP&address=10.77.0.9&protocols=telnet
        POST /desktops/server  place  200  name=ts-of-NODE&remove=yes
        GET /desktops/pool  anywhere  200
        GET /desktops/pool?name=pool-of-NODE  place  200
        POST /desktops/pool  place  200  new=yes&name=fresh&group=GROUP&levels=ts-of-NODE&protocols=rdp&second=ask
        POST /desktops/pool  place  200  name=pool-of-NODE&remove=yes
        GET /desktops/place  anywhere  200
        GET /desktops/place?user=ann&node=NODE&pool=pool-of-NODE  place  200
        GET /desktops/log-ins  anywhere  200
        GET /desktops/agents  anywhere  200
        POST /desktops/agents  place  200  server=&group=GROUP
        POST /desktops/agents  place  422  server=a+b&group=GROUP
        GET /desktops/agents/ts-of-NODE/revoke  place  200
        POST /desktops/agents/ts-of-NODE/revoke  hidden  303
        """#
}
