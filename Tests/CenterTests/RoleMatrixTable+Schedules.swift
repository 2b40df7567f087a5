extension MatrixRow {
    /// Acts at a time.
    static let schedules = #"""
        GET /api/v1/schedules  anywhere  200
        GET /api/v1/schedules/weekly-of-NODE  place  200
        POST /api/v1/schedules  place  201  {"act":"restart","nodes":"NODE","at":"2099-01-01T00:00:00Z"}
        POST /api/v1/schedules  place  201  {"act":"power-off","nodes":"NODE","unlessInUse":true,"every":"mon-fri 18:00"}
        POST /api/v1/schedules  place:configure  201  {"act":"drain","servers":["ts-of-NODE"],"group":"GROUP","every":"sun 04:00"}
        POST /api/v1/schedules  place:configure  201  {"act":"set","target":"GROUP","set":{"loader":"ipxe"},"at":"+2h","windowMinutes":60}
        POST /api/v1/schedules  site:publish  201  {"act":"promote","image":"debian","version":"1","at":"2099-01-01 22:00"}
        DELETE /api/v1/schedules/weekly-of-NODE  place  204
        POST /api/v1/schedules/weekly-of-NODE/pause  place  200
        POST /api/v1/schedules/weekly-of-NODE/run  place  200
        POST /api/v1/changes  place:enrol  200  {"edits":[{"removeSchedule":"weekly-of-NODE"}]}
        GET /schedules  anywhere  200
        POST /schedules  place  303  act=restart&on=NODE&when=2099-01-01T22:00Z&window=2h
        GET /schedules?edit=weekly-of-NODE  place  200
        POST /schedules  place  303  edit=weekly-of-NODE&act=restart&nodes=NODE&when=mon-fri%2006:30
        POST /schedules  place  303  act=wake&on=NODE&when=mon-fri%2006:30
        POST /schedules  place  303  act=power-off&on=NODE&when=mon-fri%2018:00
        POST /schedules  place:configure  303  act=set&on=GROUP&changes=loader%3Dipxe&when=2099-01-01T22:00Z
        POST /schedules  place:configure  303  act=pool&on=pool-of-NODE&changes=idleMinutes%3D30&when=sun%2004:00
        POST /schedules  site:publish  303  act=trial&on=debian@1&changes=share%3D5%25&when=2099-01-01T22:00Z
        POST /schedules/weekly-of-NODE/pause  place  303
        POST /schedules/weekly-of-NODE/remove  place  303
        """#
}
