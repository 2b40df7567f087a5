import Fleet
import Foundation
import HTTPTypes
import Testing

@testable import Center

/// Requests that depend on the state of a record (RFC 9110 §13).
@Suite struct PreconditionTests {
    private let fleet: SmallFleet

    init() async throws { fleet = try await SmallFleet() }

    /// A record that is there, one that is not, and the body of the first; see ``of(_:from:as:)``.
    private static let records = [
        ("networks/school", "networks/annex", #"{"name":"school","subnet":"10.78.0.0/22"}"#),
        (
            "reservations/\(SmallFleet.waiting)", "reservations/02:00:00:00:00:09",
            #"{"machine":"\#(SmallFleet.waiting)","address":"10.77.0.9"}"#
        ),
        (
            "loader-rules/old", "loader-rules/new",
            #"{"name":"old","vendorClass":"PXE","loader":"ipxe.efi"}"#
        ),
        (
            "administrators/\(Place.school.aide)", "administrators/fay",
            #"{"grants":["auditor"],"source":"ldap"}"#
        ),
        ("nodes/pc-1", "nodes/pc-99", #"{"name":"pc-1","group":"/school"}"#),
        ("images/debian/tags/old", "images/debian/tags/fresh", #"{"version":"1"}"#),
        ("images/debian/channels/stable", "images/debian/channels/fresh", #"{"version":"1"}"#),
    ]

    /// The body with the name of another record.
    private static func of(_ body: String, from there: String, as path: String) -> String {
        func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }
        return body.replacing("\"\(name(there))\"", with: "\"\(name(path))\"")
    }

    private func ask(
        _ method: String, _ path: String, _ headers: HTTPFields = [:], body: String? = nil
    ) async throws -> SmallFleet.Answer {
        var headers = headers
        headers[.authorization] = "Bearer \(Person(role: .admin, place: .site).token)"
        return try await fleet.ask(method, "/api/v1/\(path)", headers: headers, body: body)
    }

    @Test(arguments: records)
    func `a record that is to be new is refused where there is one`(
        there: String, fresh: String, body: String
    ) async throws {
        for path in [there, fresh] {
            let isNew = path == fresh
            let answer = try await ask(
                "PUT", path, [.ifNoneMatch: "*"], body: Self.of(body, from: there, as: path))
            #expect(answer.status == (isNew ? 200 : 412), "\(path): \(answer.body)")
            #expect(isNew || answer.body.contains("already"), "\(answer.body)")
        }
        // Now it is there.
        let body = Self.of(body, from: there, as: fresh)
        #expect(try await ask("PUT", fresh, [.ifNoneMatch: "*"], body: body).status == 412)
        #expect(try await ask("PUT", fresh, body: body).status == 200)
    }

    @Test(arguments: records.prefix(5))
    func `a record is changed in the state that was read, and in no other`(
        there: String, fresh: String, body: String
    ) async throws {
        let read = try #require(try await ask("GET", there).headers[.eTag])
        for wanted in ["\"0\"", "W/\(read)", "\"0\", \"1\""] {
            let answer = try await ask("PUT", there, [.ifMatch: wanted], body: body)
            #expect(answer.status == 412, "\(there) \(wanted)")
        }
        for unwanted in [read, "W/\(read)", "\"0\", \(read)"] {
            let answer = try await ask("PUT", there, [.ifNoneMatch: unwanted], body: body)
            #expect(answer.status == 412, "\(there) \(unwanted)")
        }
        let other = Self.of(body, from: there, as: fresh)
        #expect(try await ask("PUT", fresh, [.ifMatch: "*"], body: other).status == 412)
        #expect(try await ask("PUT", there, [.ifMatch: "\"0\", \(read)"], body: body).status == 200)
        #expect(try await ask("PUT", there, [.ifMatch: read], body: body).status == 412)
        #expect(try await ask("PUT", there, [.ifNoneMatch: read], body: body).status == 200)
        #expect(try await ask("PUT", there, [.ifMatch: "*"], body: body).status == 200)
    }

    @Test(arguments: [
        ("networks/annex", #"{"name":"school","subnet":"10.78.0.0/22"}"#),
        ("reservations/02:00:00:00:00:09", #"{"machine":"02:00:00:00:00:08","address":"10.77.0.9"}"#),
        ("loader-rules/new", #"{"name":"old","vendorClass":"PXE","loader":"ipxe.efi"}"#),
        ("nodes/pc-99", #"{"name":"pc-1","group":"/school"}"#),
        ("terminals/fresh", #"{"name":"other","address":"10.77.0.9","ports":{"rdp":3389}}"#),
        ("pools/fresh", #"{"name":"other"}"#),
    ])
    func `a body with another name than its path is refused`(path: String, body: String) async throws {
        let answer = try await ask("PUT", path, body: body)
        #expect(answer.status == 422 && answer.body.contains("send the same name"), "\(answer.body)")
        #expect(try await ask("GET", path).status == 404)
    }

    @Test(arguments: [
        ("networks/school", #"{"name":"annex"}"#), ("loader-rules/old", #"{"name":"new"}"#),
        ("nodes/pc-1", #"{"name":"pc-99"}"#),
    ])
    func `so is a patch that changes the name`(path: String, body: String) async throws {
        let answer = try await ask("PATCH", path, body: body)
        #expect(answer.status == 422 && answer.body.contains("name"), "\(answer.body)")
    }

    @Test func `an administrator that is to be new replaces none`() async throws {
        let body = #"{"grants":["auditor"],"source":"ldap"}"#
        for status in [200, 412] {
            let answer = try await ask("PUT", "administrators/eve", [.ifNoneMatch: "*"], body: body)
            #expect(answer.status == status, "\(answer.body)")
        }
    }

    @Test func `of two people who change an account on its page, the second one is told`() async throws {
        let admin = Person(role: .admin, place: .site)
        func post(_ form: String) async throws -> SmallFleet.Answer {
            try await fleet.ask(
                "POST", "/administrators/save",
                headers: [
                    .cookie: "__Host-roost=\(admin.cookie)",
                    .contentType: "application/x-www-form-urlencoded",
                ], body: "\(form)&csrf=\(admin.csrfToken)")
        }
        let name = Place.school.aide
        let page = try await ask("GET", "administrators/\(name)")
        let tag = try #require(page.headers[.eTag]).replacing("\"", with: "%22")
        #expect(try await post("name=\(name)&grants=auditor@/school&full=one&tag=\(tag)").status == 303)
        for act in ["grants=helpdesk@/school&full=two", "remove=yes"] {
            let second = try await post("name=\(name)&\(act)&tag=\(tag)")
            #expect(second.status == 412 && second.body.contains("it was changed since you read it"))
        }
        let now = try await ask("GET", "administrators/\(name)")
        #expect(now.body.contains("auditor@/school") && now.body.contains(#""fullName":"one""#))
        #expect(try await ask("DELETE", "administrators/\(name)", [.ifMatch: "\"0\""]).status == 412)
        let present = try #require(now.headers[.eTag])
        #expect(try await ask("DELETE", "administrators/\(name)", [.ifMatch: present]).status == 204)
    }

    @Test func `of two people who set an account's password, the second one is told`()
        async throws
    {
        let path = "administrators/\(Place.school.aide)"
        let read = try #require(try await ask("GET", path).headers[.eTag])
        func set(_ password: String, if tag: String) async throws -> SmallFleet.Answer {
            try await ask(
                "PUT", path, [.ifMatch: tag],
                body: #"{"grants":["auditor@/school"],"source":"local","password":"\#(password)"}"#)
        }
        let first = try await set("four random words here", if: read)
        #expect(first.status == 200, "\(first.body)")
        let one = try #require(first.headers[.eTag])
        #expect(try await set("other random words here", if: read).status == 412)
        // Nothing but the password changes.
        let second = try await set("more random words here", if: one)
        #expect(second.status == 200 && second.headers[.eTag] != one, "\(second.body)")
        #expect(try await set("last random words here", if: one).status == 412)
        #expect(!second.body.contains("passwordNumber"))
    }

    @Test func `an edit that adds a record is refused where there is one`() async throws {
        let edits = [
            (#""network":{"name":"school","subnet":"10.77.0.0/24"}"#, "network school already exists"),
            (
                #""reservation":{"machine":"\#(SmallFleet.waiting)","address":"10.77.0.7"}"#,
                "has a reserved address already"
            ),
            (
                #""loaderRule":{"name":"old","vendorClass":"PXE","loader":"x"}"#,
                "loader rule old already exists"
            ),
            (#""node":{"name":"pc-1","group":"/school"}"#, "node pc-1 already exists"),
            (#""group":{"path":"/school"}"#, "school already exists"),
        ]
        for (edit, sentence) in edits {
            for path in ["plan", "changes"] {
                let body = #"{"edits":[{\#(edit),"isNew":true}]}"#
                let answer = try await ask("POST", path, body: body)
                #expect(answer.status == 409 && answer.body.contains(sentence), "\(path): \(answer.body)")
            }
        }
        for edit in [#""removeNetwork":"school""#, #""settings":{"target":"/","set":{"loader":"ipxe"}}"#] {
            let answer = try await ask("POST", "changes", body: #"{"edits":[{\#(edit),"isNew":true}]}"#)
            #expect(answer.status == 422, "\(answer.body)")
        }
    }

    @Test func `a stranger does not learn what is there`() async throws {
        for (there, fresh, body) in Self.records.prefix(3) {
            for path in [there, fresh] {
                let person = Person(role: .operator_, place: .school)
                let answer = try await fleet.ask(
                    "PUT", "/api/v1/\(path)",
                    headers: [.authorization: "Bearer \(person.token)", .ifNoneMatch: "*"], body: body)
                #expect(answer.status == 403, "\(path)")
            }
        }
    }
}
