import API
import Fleet
import HTTPTypes
import Testing
import Wire

@testable import Center

/// Secrets of nodes in the control center: what is said of them, and that values are in nothing.
@Suite struct SecretTests {
    private static let word = "open-sesame-4711"

    private func status(_ act: () async throws -> Void) async -> Int? {
        do {
            try await act()
            return nil
        } catch let problem as Problem {
            return problem.status
        } catch StoreError.conflict {
            return 409
        } catch {
            return 422
        }
    }

    @Test func `no answer, page, export or history has a value in it, in any form`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(services: fleet.services, caller: .local)
        let name = try SecretName("hush")
        _ = try await acts.addSecret(
            SecretRequest(name: name, group: GroupPath("/school"), arming: .eachBoot, value: Self.word))
        _ = try await acts.changeSecret(name, SecretRequest(value: "\(Self.word) again"))
        let token: HTTPFields = [.authorization: "Bearer \(Person(role: .admin, place: .site).token)"]
        let revision = acts.revision
        let digits = KeptBytes.text(of: Array(Self.word.utf8))
        for path in [
            "/api/v1/secrets", "/api/v1/secrets/hush", "/api/v1/nodes/pc-1", "/api/v1/nodes/pc-1/secrets",
            "/api/v1/nodes/pc-1/steps", "/api/v1/export", "/api/v1/revisions?limit=50",
            "/api/v1/revisions/\(revision)", "/api/v1/revisions/\(revision - 1)", "/secrets", "/secrets/hush",
            "/nodes/pc-1", "/nodes/pc-1?tab=settings", "/nodes/pc-1?tab=boots", "/history",
            "/history/\(revision)",
        ] {
            let answer = try await fleet.ask("GET", path, headers: token)
            #expect(answer.status == 200, "\(path)")
            for value in [Self.word, digits, SmallFleet.secretValue] {
                #expect(!answer.body.contains(value), "\(path)")
            }
        }
        #expect(await status { _ = try await acts.undo(revision) } == 409)
        try await acts.removeSecret(name)
        #expect(await status { _ = try await acts.undo(acts.revision) } == 409)
    }

    @Test func `a wrong value is refused without being repeated`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(services: fleet.services, caller: .local)
        let name = try SecretName("hush")
        for wish in [
            SecretRequest(name: name), SecretRequest(name: name, value: ""),
            SecretRequest(name: name, value: Self.word, base64: "AAAA"),
            SecretRequest(name: name, base64: "\(Self.word)!"),
            SecretRequest(name: name, value: Self.word, minted: MintingRequest()),
            SecretRequest(name: name, mode: "rw", value: Self.word),
            SecretRequest(name: name, path: "etc/x", value: Self.word),
            SecretRequest(name: name, value: String(repeating: Self.word, count: 4_000)),
        ] {
            do {
                _ = try await acts.addSecret(wish)
                Issue.record("it was accepted")
            } catch {
                #expect(error is Problem || error is InvalidSetting)
                #expect(!"\(error)".contains(Self.word))
            }
        }
        #expect(fleet.services.fleet.snapshot.contents.secrets[name] == nil)
    }

    @Test func `bytes that are no text come as Base64, and arming again is another arming`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(services: fleet.services, caller: .local)
        let name = try SecretName("bytes")
        let made = try await acts.addSecret(
            SecretRequest(name: name, group: GroupPath("/school"), arming: .once, base64: "AAEC/w==")
        ).record
        #expect(made.version == 1 && made.mode == "600" && made.path == "/run/secrets/bytes" && !made.isSpent)
        func claim(_ boot: String) async throws -> [[UInt8]] {
            let claim = SecretClaim(
                machine: MACAddress(rawValue: 77), node: try NodeName("pc-1"),
                group: try GroupPath("/school"), boot: boot, key: "00", at: 1)
            let files = try await fleet.services.fleet.store.claim([claim]).first?.files ?? []
            return files.filter { $0.path == made.path }.map(\.content)
        }
        #expect(try await claim("one") == [[0, 1, 2, 255]])
        #expect(try await acts.secret(name).record.isSpent)
        #expect(try await claim("two").isEmpty)
        #expect(try await !acts.changeSecret(name, SecretRequest(arming: .once)).record.isSpent)
        #expect(try await claim("three").count == 1)
        #expect(try await acts.secret(name).record.receipts?.map(\.boot) == ["three", "one"])
    }

    @Test func `an operator of one group neither sees nor changes another group's secrets`() async throws {
        let fleet = try await SmallFleet()
        let token: HTTPFields = [.authorization: "Bearer \(Person(role: .operator_, place: .school).token)"]
        let list = try await fleet.ask("GET", "/api/v1/secrets", headers: token)
        #expect(list.body.contains(Place.school.secret))
        #expect(!list.body.contains(Place.office.secret) && !list.body.contains(Place.site.secret))
        let path = "/api/v1/secrets/\(Place.office.secret)"
        for (method, body) in [("GET", nil), ("PATCH", #"{"arming":"off"}"#), ("DELETE", nil)] {
            let answer = try await fleet.ask(method, path, headers: token, body: body)
            #expect(answer.status == 404, "\(method)")
        }
        // Nor moves its own there.
        let moved = try await fleet.ask(
            "PATCH", "/api/v1/secrets/\(Place.school.secret)", headers: token, body: #"{"group":"/office"}"#)
        #expect(moved.status == 403)
        let secrets = fleet.services.fleet.snapshot.contents.secrets
        #expect(secrets[try SecretName(Place.office.secret)]?.arming == .eachBoot)
        #expect(secrets[try SecretName(Place.school.secret)]?.group.description == "/school")
    }

    @Test func `a change and a removal may depend on the state that was read`() async throws {
        let fleet = try await SmallFleet()
        let token = "Bearer \(Person(role: .admin, place: .site).token)"
        let path = "/api/v1/secrets/\(Place.school.secret)"
        let first = try await fleet.ask("GET", path, headers: [.authorization: token])
        let tag = try #require(first.headers[.eTag])
        func change(_ body: String, if tag: String) async throws -> Int {
            let headers: HTTPFields = [.authorization: token, .ifMatch: tag]
            return try await fleet.ask("PATCH", path, headers: headers, body: body).status
        }
        #expect(try await change(#"{"value":"next"}"#, if: tag) == 200)
        // Only its version tells that the value is another one.
        #expect(try await change(#"{"arming":"off"}"#, if: tag) == 412)
        let headers: HTTPFields = [.authorization: token, .ifMatch: tag]
        #expect(try await fleet.ask("DELETE", path, headers: headers).status == 412)
        let secrets = fleet.services.fleet.snapshot.contents.secrets
        #expect(secrets[try SecretName(Place.school.secret)]?.arming == .eachBoot)
        let now = try #require(
            try await fleet.ask("GET", path, headers: [.authorization: token]).headers[.eTag])
        #expect(now != tag)
        #expect(try await change(#"{"arming":"off"}"#, if: now) == 200)
    }

    @Test func `a form with a mistake says so, beside what is there`() async throws {
        let fleet = try await SmallFleet()
        let admin = Person(role: .admin, place: .site)
        for form in [
            "name=a+b&value=x", "name=fresh&kind=kubernetes&value=x", "name=fresh&kind=magic",
            "name=fresh&value=x&mode=9", "name=fresh&kind=x509&days=many",
        ] {
            let answer = try await fleet.ask(
                "POST", "/secrets",
                headers: [
                    .cookie: "__Host-roost=\(admin.cookie)",
                    .contentType: "application/x-www-form-urlencoded",
                ], body: "\(form)&csrf=\(admin.csrfToken)")
            #expect(answer.status == 422 && answer.body.contains("<h1>New secret</h1>"), "\(form)")
        }
    }

    @Test func `what nodes claim is stored before it is given to the data planes`() async throws {
        let fleet = try await SmallFleet()
        let services = fleet.services
        let (deliveries, continuation) = AsyncStream.makeStream(of: [SecretDelivery].self)
        let recorder = ReportRecorder(
            fleet: services.fleet, volumes: services.volumes, logs: services.logs, logger: .silent,
            minter: .ofTests(), deliver: { continuation.yield($0) }, clockJumped: {})
        let claim = SecretClaim(
            machine: MACAddress(rawValue: 78), node: try NodeName("pc-1"), group: try GroupPath("/school"),
            boot: "first", key: "00", at: 1)
        await recorder.write([.secrets(claim)], of: .secrets)
        continuation.finish()
        var given: [SecretDelivery] = []
        for await some in deliveries { given += some }
        #expect(given.map(\.claim) == [claim])
        #expect(given.first?.files?.map(\.content) == [Array(SmallFleet.secretValue.utf8)])
        let receipts = try await services.fleet.store.receipts(
            of: SecretName(Place.school.secret), node: nil, limit: 1)
        #expect(receipts.map(\.boot) == ["first"])
    }
}
