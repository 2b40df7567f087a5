import Fleet
import Foundation
import HTTPTypes
import Testing

@testable import Center

/// Numbers from people or other servers: at their limits they cause an error, not a crash.
@Suite struct ForeignNumbersTests {
    private static let numbers = [
        "0", "-1", "32768", "2147483648", "4294967296", "9223372036854775807", "-9223372036854775808",
        "9223372036854775808", "18446744073709551616", "1e308", "",
    ]

    @Test func `every form and parameter accepts numbers at their limits`() async throws {
        let fleet = try await SmallFleet()
        let admin = Person(role: .admin, place: .site)
        for number in Self.numbers {
            let text = number.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            let paths = [
                "/nodes?offset=\(text)", "/nodes?at=\(text)", "/nodes?at=\(text)d", "/nodes/pc-1?at=\(text)w",
                "/api/v1/nodes?offset=\(text)&limit=\(text)", "/api/v1/nodes/pc-1?at=-\(text)",
                "/api/v1/boots?limit=\(text)", "/api/v1/nodes/pc-1/log?lines=\(text)",
                "/history?before=\(text)", "/history/\(text)",
                "/api/v1/revisions?before=\(text)&limit=\(text)",
                "/rollouts?before=\(text)", "/rollouts/\(text)", "/images/debian/prune?keep=\(text)",
                "/images/builds/\(text)", "/api/v1/builds/1?after=\(text)", "/leases?offset=\(text)",
                "/api/v1/explain?node=pc-1&arch=\(text)", "/api/v1/nodes?q=memory%3C\(text)tib",
                "/api/v1/nodes?q=n%5B\(text)-\(text)%5D", "/images/debian/difference?from=\(text)&to=\(text)",
                "/images/debian/versions/\(text)/boot-test", "/nodes?done=\(text)",
                "/nodes?at=\(text)-12-31", "/nodes?at=999999999999-01-01",
            ]
            for path in paths {
                let answer = try await fleet.ask(
                    "GET", path, headers: [.authorization: "Bearer \(admin.token)"], from: "192.0.2.1")
                #expect(answer.status < 500, "\(path)")
            }
            let forms = [
                (
                    "/images/debian/trial",
                    "channel=stable&version=1&share=5%25&ready=\(text)&minutes=\(text)&failures=\(text)"
                ),
                (
                    "/images/debian/trial",
                    "channel=stable&version=1&share=\(text)%25&ready=300&minutes=1&failures=0"
                ),
                ("/tokens", "name=mine&days=\(text)"), ("/images/debian/keep", "keep=\(text)"),
                ("/images/debian/prune", "keep=\(text)"), ("/rules/edit", "name=x&priority=\(text)"),
                ("/groups/edit", "path=/&has.nbd-connections=on&value.nbd-connections=\(text)"),
                ("/groups/edit", "path=/&has.volume-size=on&value.volume-size=\(text)T"),
                ("/groups/edit", "path=/&has.swap=on&value.swap=server%3A\(text)G"),
                ("/groups/edit", "path=/&has.overlay-size=on&value.overlay-size=\(text)%25"),
                (
                    "/groups/edit",
                    "path=/&has.enrolment-by-network=on&value.enrolment-by-network=10.0.0.0/\(text)%3Dopen"
                ),
            ]
            for (path, form) in forms {
                let answer = try await fleet.ask(
                    "POST", path,
                    headers: [
                        .cookie: "__Host-roost=\(admin.cookie)",
                        .contentType: "application/x-www-form-urlencoded",
                    ], body: "\(form)&csrf=\(admin.csrfToken)", from: "192.0.2.2")
                #expect(answer.status < 500 && answer.status != 403, "\(path) \(form): \(answer.status)")
            }
            let json = number.isEmpty ? "null" : number
            for (path, body) in [
                ("/api/v1/plan", #"{"edits":[{"settings":{"target":"/","set":{"boot-brake":\#(json)}}}]}"#),
                (
                    "/api/v1/images/debian/channels/stable/rollouts",
                    #"{"version":"1","share":"5%","readyWithinSeconds":\#(json),"trialSeconds":\#(json),"allowedFailures":\#(json)}"#
                ),
                ("/api/v1/images/debian/versions/1/boot-tests", #"{"withinSeconds":\#(json)}"#),
                ("/api/v1/images/debian/pruning", #"{"keep":\#(json),"isPlan":true}"#),
            ] {
                let answer = try await fleet.ask(
                    "POST", path,
                    headers: [.authorization: "Bearer \(admin.token)", .contentType: "application/json"],
                    body: body, from: "192.0.2.3")
                #expect(answer.status < 500, "\(path) \(body): \(answer.body)")
            }
        }
    }

    @Test(arguments: [Int.min, -1, 0, .max]) func `a time beyond any calendar is still shown`(
        second: Int
    ) {
        #expect(CalendarTime.text(second: second).count == 19)
        #expect(!Format.time(millisecond: second).isEmpty && !Format.duration(second).isEmpty)
        #expect(!Format.size(second).isEmpty)
    }
}
