import API
import Fleet
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import Center

/// Other servers that copy from this one, and their permissions.
@Suite struct ReplicaTests {
    private func report(_ copies: [String], of server: String, by person: Person, in fleet: SmallFleet)
        async throws -> Int
    {
        try await fleet.ask(
            "PUT", "/api/v1/replicas/\(server)",
            headers: [.authorization: "Bearer \(person.token)", .contentType: "application/json"],
            body: #"{"copies":[\#(copies.joined(separator: ","))]}"#
        ).status
    }

    private func copy(_ digit: String, share: String = "1") -> String {
        let digest = String(repeating: digit, count: 64)
        return #"{"image":"debian","digest":"\#(digest)","share":\#(share)}"#
    }

    @Test func `a server's versions are reported only with its own token`() async throws {
        let fleet = try await SmallFleet()
        let replica = Person(role: .replica, place: .site)
        #expect(try await report([copy("1")], of: "branch", by: replica, in: fleet) == 403)
        for role in Role.ofPeople {
            for name in ["branch", replica.name, "\(role.rawValue)-site"] {
                let person = Person(role: role, place: .site)
                #expect(try await report([copy("1")], of: name, by: person, in: fleet) == 403, "\(role)")
            }
        }
        func places() async throws -> [PlaceAnswer] {
            let name = try ImageName("debian")
            let image = fleet.services.fleet.snapshot.images[name]
            return await fleet.services.replication.places(of: image, name).filter { !$0.isHere }
        }
        #expect(try await places().isEmpty)
        #expect(try await report([copy("1", share: "0.5")], of: replica.name, by: replica, in: fleet) == 204)
        #expect(try await places().map(\.server) == [replica.name])
        #expect(try await places().map(\.share) == [0.5])
    }

    @Test func `a replica's report takes no more room than there are versions, and contains shares`()
        async throws
    {
        let fleet = try await SmallFleet()
        let replica = Person(role: .replica, place: .site)
        // Ten thousand versions that are not here leave nothing behind.
        let invented = (0..<10_000).map { number in
            let digest = String(repeating: "0", count: 54) + String(1_000_000_000 + number)
            return #"{"image":"debian","digest":"\#(digest)","share":1}"#
        }
        #expect(try await report(invented, of: replica.name, by: replica, in: fleet) == 204)
        #expect(await fleet.services.replication.rememberedShares == 0)
        #expect(try await report(invented + [copy("1")], of: replica.name, by: replica, in: fleet) == 422)
        #expect(
            try await report(
                [copy("1"), copy("1"), copy("2")], of: replica.name, by: replica, in: fleet) == 204)
        #expect(await fleet.services.replication.rememberedShares == 2)
        for share in ["1e300", "-1", "1.5"] {
            #expect(
                try await report([copy("1", share: share)], of: replica.name, by: replica, in: fleet) == 422)
        }
        let long = try await fleet.ask(
            "PUT", "/api/v1/replicas/\(replica.name)",
            headers: [.authorization: "Bearer \(replica.token)", .contentType: "application/json"],
            body: #"{"copies":[], "more":"\#(String(repeating: "x", count: 3 << 20))"}"#)
        #expect(long.status == 413)
    }

    @Test func `a replica sees versions, but no people or nodes`() async throws {
        let fleet = try await SmallFleet()
        func images(_ role: Role) async throws -> [VersionAnswer] {
            let token = Person(role: role, place: .site).token
            let answer = try await fleet.ask(
                "GET", "/api/v1/images", headers: [.authorization: "Bearer \(token)"])
            return try JSONDecoder().decode([VersionAnswer].self, from: Data(answer.body.utf8))
        }
        #expect(try await images(.auditor).allSatisfy { $0.publishedBy == "seed" })
        let seen = try await images(.replica)
        #expect(seen.count == 2 && seen.allSatisfy { $0.publishedBy.isEmpty && $0.openConnections == 0 })
    }

    @Test func `the role is only for tokens, alone, for the whole site, and under a server's name`()
        async throws
    {
        let fleet = try await SmallFleet()
        let admin = Person(role: .admin, place: .site)
        func ask(_ method: String, _ path: String, _ body: String) async throws -> Int {
            try await fleet.ask(
                method, "/api/v1/\(path)",
                headers: [
                    .cookie: "__Host-roost=\(admin.cookie)", .csrfToken: admin.csrfToken,
                    .contentType: "application/json",
                ], body: body
            ).status
        }
        #expect(
            try await ask(
                "PUT", "administrators/robot", #"{"grants":["replica"],"password":"four random words"}"#)
                == 422)
        for (name, grants) in [
            ("school 2", #""replica""#), ("school-2", #""replica@/school""#),
            ("school-2", #""replica","auditor""#), ("a/b", #""replica""#),
        ] {
            #expect(
                try await ask("POST", "tokens", #"{"name":"\#(name)","grants":[\#(grants)]}"#) == 422,
                "\(name) \(grants)")
        }
        #expect(try await ask("POST", "tokens", #"{"name":"school-2","grants":["replica"]}"#) == 201)
        // Without permission to publish, none can be created.
        let auditor = Person(role: .auditor, place: .site)
        let refused = try await fleet.ask(
            "POST", "/api/v1/tokens",
            headers: [
                .cookie: "__Host-roost=\(auditor.cookie)", .csrfToken: auditor.csrfToken,
                .contentType: "application/json",
            ], body: #"{"name":"school-2","grants":["replica"]}"#)
        #expect(refused.status == 403)
    }
}
