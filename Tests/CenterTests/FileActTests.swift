import Fleet
import HTTPTypes
import Testing

@testable import Center

/// Files that people put on the server for nodes.
@Suite struct FileActTests {
    private static let admin: HTTPFields = [
        .authorization: "Bearer \(Person(role: .admin, place: .site).token)"
    ]

    @Test func `what is put there comes back, in memory for nodes and in no history`() async throws {
        let fleet = try await SmallFleet()
        let (path, content) = ("/api/v1/files/motd.txt", "the content that stays here")
        let made = try await fleet.ask("PUT", path, headers: Self.admin, body: content)
        #expect(made.status == 200 && made.body.contains("\"byteCount\":\(content.utf8.count)"))
        let got = try await fleet.ask("GET", "\(path)/content", headers: Self.admin)
        #expect(got.status == 200 && got.body == content)
        #expect(got.headers[.contentType] == "application/octet-stream")
        let live = fleet.services.fleet
        let file = try #require(live.snapshot.contents.storedFiles[try StoredFileName("motd.txt")])
        #expect(live.storedContents[file.digest] == Array(content.utf8))
        for place in ["/api/v1/revisions?limit=5", "/history", "/api/v1/export", "/files"] {
            #expect(!(try await fleet.ask("GET", place, headers: Self.admin).body.contains(content)))
        }
        // The same again is no change.
        let revision = live.snapshot.revision
        #expect(try await fleet.ask("PUT", path, headers: Self.admin, body: content).status == 200)
        #expect(live.snapshot.revision == revision)
    }

    @Test func `a change may depend on the state that was read`() async throws {
        let fleet = try await SmallFleet()
        let path = "/api/v1/files/x"
        var headers = Self.admin
        headers[.ifNoneMatch] = "*"
        #expect(try await fleet.ask("PUT", path, headers: headers, body: "a").status == 200)
        #expect(try await fleet.ask("PUT", path, headers: headers, body: "b").status == 412)
        let tag = try #require(try await fleet.ask("GET", path, headers: Self.admin).headers[.eTag])
        headers = Self.admin
        headers[.ifMatch] = tag
        #expect(try await fleet.ask("PUT", path, headers: headers, body: "c").status == 200)
        #expect(try await fleet.ask("DELETE", path, headers: headers).status == 412)
    }

    @Test func `a file that a setting names is not removed, and its users are told to those who see them`()
        async throws
    {
        let fleet = try await SmallFleet()
        let change =
            #"{"edits":[{"settings":{"target":"/office","set":{"files":{"/x":"stored:spare"}}}}]}"#
        #expect(
            try await fleet.ask("POST", "/api/v1/changes", headers: Self.admin, body: change).status == 200)
        let path = "/api/v1/files/spare"
        #expect(try await fleet.ask("DELETE", path, headers: Self.admin).status == 409)
        #expect(try await fleet.ask("GET", path, headers: Self.admin).body.contains("group /office"))
        let other: HTTPFields = [
            .authorization: "Bearer \(Person(role: .operator_, place: .school).token)"
        ]
        let seen = try await fleet.ask("GET", path, headers: other)
        #expect(seen.status == 200 && !seen.body.contains("office"))
    }

    @Test func `what is too large is refused`() async throws {
        let fleet = try await SmallFleet()
        let large = String(repeating: "x", count: StoredFile.byteLimit + 1)
        let answer = try await fleet.ask("PUT", "/api/v1/files/x", headers: Self.admin, body: large)
        #expect(answer.status == 413)
        let form = try await fleet.ask("PUT", "/api/v1/files/a%20b", headers: Self.admin, body: "x")
        #expect(form.status == 422)
    }
}
