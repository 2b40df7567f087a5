import Fleet
import Testing

/// The object of a request: where its permission is needed.
enum Reach: String {
    /// No single place: a list, which is filtered, or the same for all callers.
    case anywhere
    /// The whole site.
    case site
    /// Something in one place.
    case place
    /// The same, but elsewhere the answer is «not found».
    case hidden
    /// The caller's own log-in: no token will do.
    case logIn = "log-in"
    /// The name in the caller's token.
    case ownName = "own-name"
}

/// One request of the matrix: its permission, its reach, and the answer with permission.
struct MatrixRow: Sendable, CustomTestStringConvertible {
    var method: String
    var path: String
    var reach: Reach
    /// Needed in addition to the route's permission: depends on the request's contents.
    var permission: String?
    var statuses: Set<Int>
    var body: String?

    /// Columns are separated by two spaces.
    init?(_ line: Substring) {
        let columns = line.split(separator: /\s{2,}/, maxSplits: 3).map(String.init)
        let words = columns[0].split(separator: " ").map(String.init)
        let aims = columns[1].split(separator: ":").map(String.init)
        guard columns.count > 2, words.count == 2, let reach = Reach(rawValue: aims[0]) else { return nil }
        (method, path, self.reach) = (words[0], words[1], reach)
        permission = aims.count > 1 ? aims[1] : nil
        statuses = Set(columns[2].split(separator: ",").compactMap { Int($0) })
        body = columns.count > 3 ? columns[3] : nil
    }

    var isAPI: Bool { path.hasPrefix("/api/") }
    var testDescription: String { "\(method) \(path)\(body.map { " \($0)" } ?? "")" }

    /// The places to try it in; one if it names none.
    var places: [Place] {
        Self.names.contains { (path + (body ?? "")).contains($0) } ? Place.allCases : [.site]
    }

    private static let names = ["NODE", "MAC", "GROUP", "ATTIC", "NEW", "AIDE", "REVISION", "FIRST"]

    /// With existing names filled in: `NODE`, `MAC`, `GROUP`; `ATTIC`, an empty group below; `NEW`, a missing one; `AIDE`, an administrator
    /// with a role there; `FIRST` and `REVISION`, the numbers of the first and last change to its node; `WAITING`, a machine.
    func filled(_ text: String, in place: Place, of fleet: SmallFleet) -> String {
        text.replacing("SECRET", with: place.secret).replacing("NODE", with: place.node).replacing(
            "MAC", with: place.macAddress
        )
        .replacing("GROUP", with: place.rawValue).replacing("ATTIC", with: place.below("attic"))
        .replacing("NEW", with: place.below("new")).replacing("AIDE", with: place.aide)
        .replacing("REVISION", with: "\(fleet.revisions[place]?.last ?? 0)")
        .replacing("FIRST", with: "\(fleet.revisions[place]?.first ?? 0)")
        .replacing("WAITING", with: SmallFleet.waiting)
    }
}

extension MatrixRow {
    /// Every route with a permission at least once, with valid bodies, so that a refusal can only be for lack of permission.
    static let all: [MatrixRow] = (api + "\n" + people + "\n" + terminals + "\n" + schedules + "\n" + pages)
        .split(
            whereSeparator: \.isNewline
        )
        .compactMap {
            MatrixRow($0)
        }

    static let api = #"""
        GET /metrics  anywhere  200
        GET /api/v1/whoami  anywhere  200
        GET /api/v1/status  anywhere  200
        GET /api/v1/figures  anywhere  200
        GET /api/v1/leases  anywhere  200
        GET /api/v1/boots  anywhere  200
        GET /api/v1/boots?mac=MAC  anywhere  200
        GET /api/v1/explain?node=NODE  place  200
        GET /api/v1/networks  anywhere  200
        GET /api/v1/networks/school  anywhere  200
        PUT /api/v1/networks/annex  site  200  {"name":"annex","subnet":"10.78.0.0/22"}
        PATCH /api/v1/networks/school  site  200  {"router":"10.77.0.254"}
        DELETE /api/v1/networks/school  site  204
        GET /api/v1/reservations  site  200
        GET /api/v1/reservations/WAITING  site  200
        PUT /api/v1/reservations/02:00:00:00:00:09  site  200  {"machine":"02:00:00:00:00:09","address":"10.77.0.9"}
        PATCH /api/v1/reservations/WAITING  site  200  {"address":"10.77.0.8"}
        DELETE /api/v1/reservations/WAITING  site  204
        GET /api/v1/loader-rules  anywhere  200
        GET /api/v1/loader-rules/old  anywhere  200
        PUT /api/v1/loader-rules/new  site  200  {"name":"new","vendorClass":"PXE","loader":"ipxe.efi"}
        PATCH /api/v1/loader-rules/old  site  200  {"priority":7}
        DELETE /api/v1/loader-rules/old  site  204
        POST /api/v1/plan  site:configure  200  {"edits":[{"removeNetwork":"school"}]}
        POST /api/v1/changes  site:configure  200  {"edits":[{"removeNetwork":"school"},{"removeLoaderRule":"old"}]}
        GET /api/v1/kept-files  site  200
        POST /api/v1/apply?plan=yes  place:configure  200  {"source":"fresh","items":[{"member":"groups","file":"a.yaml","fields":{"path":"GROUP","settings":{"loader":"ipxe"}}}]}
        POST /api/v1/apply  place:configure  200  {"source":"fresh","overwrite":true,"items":[{"member":"groups","file":"a.yaml","fields":{"path":"GROUP","settings":{"loader":"ipxe"}}}]}
        POST /api/v1/apply  place:configure  422  {"source":"fresh","items":[{"member":"groups","file":"a.yaml","fields":{"path":"GROUP","setings":{}}}]}
        POST /api/v1/apply?plan=yes  site:administer  200  {"source":"fresh","items":[{"member":"administrators","file":"a.yaml","fields":{"name":"carl","grants":["helpdesk"]}}]}
        POST /api/v1/apply?plan=yes  site:publish  200  {"source":"fresh","items":[{"member":"channels","file":"a.yaml","fields":{"channel":"debian@stable","version":1}},{"member":"keeps","file":"a.yaml","fields":{"image":"debian","versions":5}}]}
        POST /api/v1/apply?plan=yes  site:configure  200  {"source":"fresh","items":[{"member":"loaderRules","file":"a.yaml","fields":{"name":"new","vendorClass":"PXE","loader":"ipxe.efi"}}]}
        GET /api/v1/sources  anywhere  200
        DELETE /api/v1/sources/nowhere  anywhere  404
        GET /api/v1/schema  anywhere  200
        GET /api/v1/export  anywhere  200
        GET /api/v1/export?group=GROUP  place  200
        GET /api/v1/settings  anywhere  200
        GET /api/v1/events  anywhere  200
        GET /api/v1/groups  anywhere  200
        GET /api/v1/groups/settings?path=GROUP  place  200
        POST /api/v1/groups  place  201  {"path":"NEW"}
        POST /api/v1/groups  place  409  {"path":"ATTIC"}
        DELETE /api/v1/groups?path=ATTIC  place  204
        GET /api/v1/rules  anywhere  200
        POST /api/v1/plan  place:configure  200  {"edits":[{"settings":{"target":"GROUP","set":{"loader":"ipxe"}}}]}
        POST /api/v1/plan  site:publish  200  {"edits":[{"removeRule":"all"}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"settings":{"target":"GROUP","set":{"loader":"ipxe"}}}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"settings":{"target":"NODE","set":{"loader":"ipxe"}}}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"settings":{"target":"pc-1","set":{"loader":"ipxe"}}},{"settings":{"target":"NODE","set":{"time-zone":"Europe/Paris"}}}]}
        POST /api/v1/changes  place:enrol  200  {"edits":[{"node":{"name":"fresh","group":"GROUP","macAddresses":["WAITING"]}}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"node":{"name":"fresh","group":"GROUP","settings":{"loader":"ipxe"}}}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"node":{"name":"NODE","group":"/school","macAddresses":["MAC"]}}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"node":{"name":"pc-1","group":"GROUP","macAddresses":["52:54:00:00:03:01"]}}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"removeNode":"NODE"}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"group":{"path":"NEW"}}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"removeGroup":"ATTIC"}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"moveGroup":{"from":"ATTIC","to":"/school/new"}}]}
        POST /api/v1/changes  place:configure  200  {"edits":[{"moveGroup":{"from":"/school/attic","to":"NEW"}}]}
        POST /api/v1/changes  site:publish  200  {"edits":[{"rule":{"name":"more","priority":0,"condition":"","settings":{}}}]}
        POST /api/v1/changes  site:publish  200  {"edits":[{"settings":{"target":"rule:all","set":{"loader":"ipxe"}}}]}
        POST /api/v1/changes  site:publish  200  {"edits":[{"removeRule":"all"}]}
        POST /api/v1/changes  site:publish  200  {"edits":[{"settings":{"target":"image:debian@1","set":{"loader":"ipxe"}}}]}
        POST /api/v1/changes  site:publish  200  {"edits":[{"imageSettings":{"image":"debian","settings":{"loader":"ipxe"}}}]}
        GET /api/v1/nodes  anywhere  200
        GET /api/v1/nodes?q=name=NODE  anywhere  200
        GET /api/v1/nodes/NODE  place  200
        GET /api/v1/nodes/MAC  place  200
        GET /api/v1/nodes/WAITING  anywhere  200
        PUT /api/v1/nodes/fresh  place  200  {"name":"fresh","group":"GROUP","macAddresses":["WAITING"]}
        PUT /api/v1/nodes/NODE  place:configure  200  {"name":"NODE","group":"GROUP","macAddresses":["MAC"],"tags":["put"]}
        PATCH /api/v1/nodes/NODE  place  200  {"tags":["patched"]}
        PATCH /api/v1/nodes/pc-1  place  200  {"group":"GROUP"}
        POST /api/v1/nodes/import  place  200  fresh,WAITING,GROUP
        POST /api/v1/nodes/import?plan=yes  place  200  fresh,WAITING,GROUP
        POST /api/v1/nodes/import  place:configure  200  NODE,MAC,GROUP,,imported
        POST /api/v1/nodes/NODE/rename  place  200  {"name":"fresh"}
        DELETE /api/v1/nodes/NODE  place  204
        GET /api/v1/nodes/NODE/hardware  place  200
        GET /api/v1/nodes/NODE/steps  place  200
        GET /api/v1/nodes/NODE/apply  place  200,409
        POST /api/v1/nodes/NODE/apply  place  202  {}
        GET /api/v1/nodes/NODE/log  place  200
        GET /api/v1/nodes/WAITING/log  site  200
        POST /api/v1/nodes/NODE/restart  place  202
        POST /api/v1/nodes/NODE/power-off  place  202
        POST /api/v1/nodes/NODE/wake  place  202
        DELETE /api/v1/nodes/NODE/alarm  place  204
        POST /api/v1/nodes/NODE/release  place  204
        POST /api/v1/nodes/MAC/release  place  204
        POST /api/v1/nodes/WAITING/release  site  204
        GET /api/v1/sessions  anywhere  200
        GET /api/v1/inventory  anywhere  200
        GET /api/v1/inventory?format=csv&q=name=NODE  anywhere  200
        GET /api/v1/ssh_known_hosts  anywhere  200
        GET /api/v1/machines  anywhere  200
        POST /api/v1/machines/approve  place  201  {"machines":["WAITING"],"pattern":"fresh-{1..9}","group":"GROUP"}
        POST /api/v1/machines/WAITING/approve  place  201  {"name":"fresh","group":"GROUP"}
        DELETE /api/v1/machines/52:54:00:00:03:98  site  204
        GET /api/v1/images  anywhere  200
        GET /api/v1/images/debian  anywhere  200
        GET /api/v1/images/debian/difference  anywhere  200
        GET /api/v1/images/debian/settings  anywhere  200
        GET /api/v1/images/debian/places  anywhere  200
        GET /api/v1/images/debian/versions/1/boot-test  anywhere  200
        GET /api/v1/images/debian/versions/1/files/manifest.json  anywhere  200
        POST /api/v1/images/debian/versions/1/verification  anywhere  200
        POST /api/v1/images/debian/versions  site  422  {"digest":"3333333333333333333333333333333333333333333333333333333333333333"}
        DELETE /api/v1/images/debian/versions/1  site  409
        PUT /api/v1/images/debian/channels/stable  site  200  {"version":"1"}
        POST /api/v1/images/debian/channels/stable/rollback  site  200
        POST /api/v1/images/debian/pruning  site  200  {"isPlan":true}
        PUT /api/v1/images/debian/keep  site  200  {"keep":3}
        PUT /api/v1/images/debian/tags/golden  site  200  {"version":"1"}
        DELETE /api/v1/images/debian/tags/old  site  204
        POST /api/v1/images/debian/versions/1/signatures  site  409  {"key":"a","signature":"b"}
        POST /api/v1/images/debian/versions/1/boot-tests  site  409  {}
        POST /api/v1/images/debian/versions/1/boot-tests/on-server  site  409  {}
        PUT /api/v1/images/debian/versions/1/boot-test  site  404  {"machine":"WAITING","boot":"0000000000000001","detail":"","console":""}
        POST /api/v1/images/debian/builds  site  409  {"suite":"bookworm"}
        GET /api/v1/builds  anywhere  200
        GET /api/v1/builds/1  anywhere  200
        DELETE /api/v1/builds/1  site  204,409
        POST /api/v1/images/debian/channels/stable/rollouts  site  201,409  {"version":"1","share":"5%"}
        GET /api/v1/rollouts  anywhere  200
        GET /api/v1/rollouts/1  anywhere  200
        POST /api/v1/rollouts/1/pause  site  200,409
        GET /api/v1/replication  anywhere  200
        POST /api/v1/replication  site  409
        PUT /api/v1/replicas/replica-site  own-name  204  {"copies":[]}
        GET /api/v1/volumes  anywhere  200
        GET /api/v1/volumes/NODE  hidden  200
        POST /api/v1/volumes/NODE/reset  place  200
        POST /api/v1/volumes/NODE/snapshots  place  201  {"name":"after"}
        POST /api/v1/volumes/NODE/snapshots/before/restore  place  200
        DELETE /api/v1/volumes/NODE/snapshots/before  place  204
        DELETE /api/v1/volumes/NODE  place  204
        GET /api/v1/revisions?limit=1000  anywhere  200
        GET /api/v1/revisions?kind=node&key=NODE  anywhere  200
        GET /api/v1/revisions/REVISION  place  200
        GET /api/v1/revisions/FIRST  place  200
        POST /api/v1/revisions/REVISION/undo  place  200
        POST /api/v1/revisions/FIRST/undo  place  409
        GET /api/v1/administrators  anywhere  200
        GET /api/v1/administrators/AIDE  place  200
        PUT /api/v1/administrators/AIDE  place  200  {"grants":["auditor@GROUP"]}
        PUT /api/v1/administrators/fresh  place  200  {"grants":["auditor@GROUP"],"source":"ldap"}
        DELETE /api/v1/administrators/AIDE  place  204
        DELETE /api/v1/administrators/admin-site  site  409
        GET /api/v1/tokens  anywhere  200
        POST /api/v1/tokens  log-in  201  {"name":"mine"}
        POST /api/v1/tokens  site:administer  201  {"name":"theirs","owner":"aide-pc-1"}
        DELETE /api/v1/tokens/999  anywhere  404
        GET /api/v1/boards  anywhere  200
        POST /api/v1/boards  place  201  {"name":"hall","group":"GROUP"}
        DELETE /api/v1/boards/999  anywhere  404
        GET /api/v1/files  anywhere  200
        GET /api/v1/files/tool  anywhere  200
        GET /api/v1/files/tool/content  site  200
        PUT /api/v1/files/new  site  200  hello
        DELETE /api/v1/files/spare  site  204
        GET /api/v1/hooks  site  200
        POST /api/v1/hooks  site  201  {"url":"http://127.0.0.1:9/"}
        POST /api/v1/hooks/1/test  site  200,404
        DELETE /api/v1/hooks/1  site  204,404
        GET /api/v1/secrets  anywhere  200
        POST /api/v1/secrets  place  201  {"name":"fresh","group":"GROUP","value":"word","arming":"once"}
        GET /api/v1/secrets/SECRET  hidden  200
        POST /api/v1/secrets  place  201  {"name":"fresh","group":"GROUP","node":"NODE","minted":{"kind":"x509"}}
        POST /api/v1/secrets  place  422  {"name":"fresh","group":"GROUP","minted":{"kind":"kubernetes"}}
        PATCH /api/v1/secrets/SECRET  hidden  200  {"value":"another"}
        PATCH /api/v1/secrets/SECRET  hidden  422  {"rotate":true}
        PATCH /api/v1/secrets/SECRET  hidden  200  {"arming":"each-boot"}
        DELETE /api/v1/secrets/SECRET  hidden  204
        GET /api/v1/nodes/NODE/secrets  place  200
        GET /api/v1/nodes/NODE/tpm  place  200
        POST /api/v1/nodes/NODE/tpm/accept  place  200,409  {"tpm":"bbbbbbbbbbbbbbbb"}
        DELETE /api/v1/nodes/NODE/tpm  place  204

        """#

    static let pages = #"""
        GET /  anywhere  200
        GET /find  anywhere  200
        GET /find?q=NODE  anywhere  200
        GET /nodes  anywhere  200
        GET /nodes?q=name=NODE  anywhere  200
        GET /nodes.csv  anywhere  200
        GET /ssh_known_hosts  anywhere  200
        GET /nodes/inventory  anywhere  200
        POST /nodes/add  place  303  name=fresh&mac=WAITING&group=GROUP
        POST /nodes/bulk  place  200  node=NODE&act=tag&value=lab
        POST /nodes/bulk  place  200  node=NODE&act=remove
        POST /nodes/bulk  place  200  node=pc-1&node=NODE&act=tag&value=lab
        POST /nodes/bulk  place  200  node=NODE&act=move&value=/school
        POST /nodes/bulk  place  200  node=pc-1&act=move&value=GROUP
        POST /nodes/restart  place  200  node=NODE
        POST /nodes/restart  place  303  node=NODE&sure=yes
        POST /nodes/restart  place  200  node=pc-1&node=NODE
        POST /nodes/csv  place  200  csv=fresh,WAITING,GROUP
        GET /nodes/NODE  place  200
        GET /nodes/NODE?tab=boots  place  200
        GET /nodes/NODE?tab=settings  place  200
        GET /nodes/NODE?tab=hardware  place  200
        GET /nodes/NODE?tab=log  place  200
        GET /nodes/NODE?tab=history  place  200
        GET /nodes/NODE/restart  place  200
        POST /nodes/NODE/edit  place  200  name=NODE&macs=MAC&group=GROUP&tags=new&tag=*
        POST /nodes/NODE/edit  place  200  remove=yes
        POST /nodes/NODE/restart  place  303
        POST /nodes/NODE/power-off  place  303
        POST /nodes/NODE/wake  place  303
        GET /nodes/NODE/apply  place  200,409
        POST /nodes/NODE/apply  place  303  tag=
        POST /nodes/NODE/dismiss  place  303
        POST /nodes/NODE/release  place  303
        POST /nodes/NODE/tpm/accept  place  303,409  tpm=bbbbbbbbbbbbbbbb
        POST /nodes/NODE/tpm/forget  place  303
        GET /machines  anywhere  200
        POST /machines/approve  place  303  machine=WAITING&pattern=fresh-{1..9}&group=GROUP
        POST /machines/WAITING/approve  place  303  name=fresh&group=GROUP
        GET /groups  anywhere  200
        GET /groups?path=ATTIC  place  200
        GET /groups?path=ATTIC&tab=settings  place  200
        GET /groups?path=ATTIC&tab=image  place  200
        GET /groups?path=ATTIC&tab=history  place  200
        GET /settings  site  200
        POST /groups/add  place  303  parent=GROUP&name=new
        POST /groups/add  place  409  parent=GROUP&name=attic
        POST /groups/image  place  303  path=GROUP&image=debian@1&when=2099-01-01%2022:00&window=8h&unless=yes
        POST /groups/edit  place  200  path=ATTIC&remove=yes
        POST /groups/edit  place  200  path=/school/attic&new-path=NEW
        POST /groups/edit  place  200  path=GROUP&has.loader=yes&value.loader=ipxe
        POST /changes  place:configure  303  change={"edits":[{"settings":{"target":"GROUP","set":{"loader":"ipxe"}}}]}
        POST /changes  place:enrol  303  change={"edits":[{"node":{"name":"fresh","group":"GROUP"}}]}
        POST /changes  site:publish  303  change={"edits":[{"removeRule":"all"}]}
        GET /rules  anywhere  200
        POST /rules/edit  site  200  name=more&priority=0&condition=
        GET /networks  anywhere  200
        GET /networks/edit  site:configure  200
        GET /networks/edit?name=school  anywhere  200
        POST /networks/edit  site  200  new=yes&name=annex&subnet=10.78.0.0/22
        POST /networks/edit  site  422  new=yes&name=annex&subnet=10.78.0.1/22
        POST /networks/edit  site  200  name=school&remove=yes
        POST /networks/reserve  site  200  machine=02:00:00:00:00:09&address=10.77.0.9
        POST /networks/reserve  site  200  machine=WAITING&remove=yes
        POST /networks/loader-rule  site  200  name=new&priority=0&vendor-class=PXE&loader=ipxe.efi
        POST /networks/loader-rule  site  200  name=old&remove=yes
        GET /images  anywhere  200
        POST /images/debian/promote  site  303  channel=stable&version=1
        POST /images/debian/promote  site  303,409  channel=stable&version=1&test=yes
        POST /images/debian/rollback  site  303  channel=stable
        POST /images/debian/keep  site  303  keep=3
        POST /images/debian/tag  site  303  tag=golden&version=1
        POST /images/debian/tag  site  303  tag=old&remove=yes
        POST /images/debian/remove  site  409  version=1
        POST /images/build  site  303,409  name=debian&suite=bookworm
        GET /images/builds/1  anywhere  200
        POST /images/builds/1/cancel  site  303,409
        GET /images/debian/versions/1/boot-test  anywhere  200
        GET /images/debian/difference  anywhere  200
        GET /images/debian/settings  anywhere  200
        POST /images/debian/settings  site  200,303  has.loader=yes&value.loader=ipxe
        POST /images/debian/verify  anywhere  200  version=1
        GET /images/debian/prune  site  200
        POST /images/debian/prune  site  303  keep=1000
        GET /images/debian/trial  site  200
        POST /images/debian/trial  site  303,422  channel=stable&version=1&share=5%25&ready=300&minutes=30&failures=0
        GET /rollouts  anywhere  200
        GET /rollouts/1  anywhere  200
        POST /rollouts/1/pause  site  303,409
        GET /volumes  anywhere  200
        POST /volumes/NODE/reset  place  303
        POST /volumes/NODE/snapshots  place  303  name=after
        POST /volumes/NODE/restore  place  303  name=before
        POST /volumes/NODE/remove  place  303
        GET /leases  anywhere  200
        GET /boots  anywhere  200
        GET /history  anywhere  200
        GET /history?kind=node&key=NODE  anywhere  200
        GET /history/REVISION  place  200
        POST /history/REVISION/undo  place  303
        POST /history/FIRST/undo  place  409
        GET /administrators  anywhere  200
        POST /administrators/save  place  303  name=AIDE&grants=auditor@GROUP&tag=*
        POST /administrators/save  place  303  name=AIDE&remove=yes&tag=*
        GET /tokens  anywhere  200
        POST /tokens  log-in  200  name=mine&days=90
        POST /tokens/999/revoke  anywhere  404
        GET /wizard  anywhere  200
        POST /wizard  site  303  enrolment=refuse
        GET /boards  anywhere  200
        GET /boards?group=/school  anywhere  200
        POST /boards  place  200  name=hall&group=GROUP&days=30
        POST /boards  place  422  name=hall&group=GROUP&days=-1
        POST /boards/999/revoke  anywhere  404
        GET /kept-files  site  200
        GET /files  anywhere  200
        GET /files?name=  anywhere  200
        GET /files?remove=spare  anywhere  200
        POST /files  site  303  name=new&text=hello
        POST /files/spare/remove  site  303
        GET /hooks  site  200
        POST /hooks  site  200  url=http://127.0.0.1:9/&all=yes
        POST /hooks/1/test  site  200,404
        POST /hooks/1/remove  site  303,404
        GET /secrets  anywhere  200
        POST /secrets  place  303  name=fresh&group=GROUP&value=word&arming=off
        POST /secrets  place  422  name=fresh&group=GROUP&value=word&length=20000&arming=off
        POST /secrets  place  303  name=fresh&group=GROUP&value=&kind=ssh-host&names=NODE.farm&arming=each-boot
        POST /secrets  place  422  name=fresh&group=GROUP&value=&kind=x509&days=0&arming=off
        GET /secrets/SECRET  hidden  200
        POST /secrets/SECRET  hidden  303  arming=once
        POST /secrets/SECRET  hidden  422  rotate=yes
        POST /secrets/SECRET/remove  hidden  303

        """#

    /// Routes other than `GET` that read-only callers may use, and why.
    static let writtenByReaders: [String: String] = [
        "POST /api/v1/images/*/versions/*/verification": "reads and compares; nothing is changed",
        "POST /images/*/verify": "the same on the page",
        "POST /api/v1/tokens": "one's own, which does no more than its owner",
        "DELETE /api/v1/tokens/*": "one's own",
        "POST /tokens": "one's own, on the page", "POST /tokens/*/revoke": "one's own, on the page",
    ]

    /// Routes without a permission, and their answer without authentication.
    static let open: [String: Int] = [
        "GET /healthz": 200, "GET /readyz": 200, "GET /api/v1/openapi.yaml": 200,
        "GET /assets/roost.css": 200, "GET /assets/roost.js": 200, "GET /assets/roost.svg": 200,
        "GET /login": 200, "POST /login": 400, "POST /logout": 303, "GET /setup": 403, "POST /setup": 400,
        "POST /language": 422, "GET /wall": 403, "GET /wall/events": 403, "POST /api/v1/agents/join": 422,
    ]
}
