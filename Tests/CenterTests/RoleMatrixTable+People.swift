extension MatrixRow {
    /// The directory of people, and sessions on terminal servers.
    static let people = #"""
        GET /api/v1/accounts  anywhere  200
        POST /api/v1/accounts/import  site  200  {"accounts":[{"name":"ben","account":{"uid":3000}}],"replaces":false}
        GET /api/v1/accounts/ann  site  200
        PUT /api/v1/accounts/ben  site  200  {"fullName":"Ben","groups":["audio"],"home":"archive"}
        PUT /api/v1/accounts/ben  site  422  {"groups":["sudo"]}
        DELETE /api/v1/accounts/ann  site  204
        GET /api/v1/terminal-sessions  anywhere  200
        GET /api/v1/terminal-sessions/history  anywhere  200
        POST /api/v1/terminals/ts-of-NODE/message  place  503  {"text":"Good day"}
        POST /api/v1/terminals/ts-of-NODE/sessions/0/message  place  503  {"text":"Good day"}
        POST /api/v1/terminals/ts-of-NODE/sessions/0/disconnect  place  503
        DELETE /api/v1/terminals/ts-of-NODE/sessions/0  place  503
        GET /desktops/sessions  anywhere  200
        GET /desktops/session?server=ts-of-NODE&id=0  place  200
        POST /desktops/session  place  503  server=ts-of-NODE&id=0&act=disconnect
        POST /desktops/sessions  place  200  session=ts-of-NODE/0&act=end
        POST /desktops/sessions  place  503  session=ts-of-NODE/0&act=end&confirmed=yes
        POST /desktops/session  place  503  server=ts-of-NODE&act=message-all&text=Good+day
        GET /desktops/accounts  anywhere  200
        GET /desktops/account  site  200
        GET /desktops/account?name=ann  site  200
        POST /desktops/account  site  303  new=yes&name=ben&full=Ben&uid=&groups=audio&expires=&home=keep
        POST /desktops/account  site  303  name=ann&act=disable
        POST /desktops/account  site  422  name=ann&act=burn
        POST /desktops/account  site  200  name=ann&remove=yes
        GET /desktops/accounts/import  site  200
        POST /desktops/accounts/import  site  200  list=name%0Aben
        POST /desktops/accounts/import  site  303  list=name%0Aben&save=yes
        POST /desktops/account  site  422  new=yes&name=ben&full=Ben&uid=7&groups=&expires=&home=keep
        """#
}
