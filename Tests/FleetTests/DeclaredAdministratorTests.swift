import Foundation
import Testing

@testable import Fleet

/// Channels, keeps and accounts in files of the configuration.
@Suite struct DeclaredAdministratorTests {
    private func form<Form: DeclaredForm>(_: Form.Type, _ json: String) throws -> Form {
        try JSONDecoder().decode(Form.self, from: Data(json.utf8))
    }

    @Test func `an account keeps what no file has`() throws {
        var stored = Administrator(
            name: "ann", source: .oidc, grants: [Grant(.admin), Grant(.operator_)],
            identity: ProviderIdentity(issuer: "https://id", subject: "7"))
        stored.passwordNumber = 3
        let same = try form(
            DeclaredAdministrator.self, #"{"name":"ann","source":"oidc","grants":["operator","admin"]}"#)
        #expect(same.record(over: stored, at: 50) == stored)
        #expect(DeclaredAdministrator(stored, at: "ann").grants == ["admin", "operator"])
        let local = try form(DeclaredAdministrator.self, #"{"name":"ann","grants":["operator@/school"]}"#)
        let changed = local.record(over: stored, at: 50)
        #expect(changed.source == .local && changed.identity == nil && changed.linkableUntil == nil)
        #expect(changed.grants == [Grant(.operator_, in: try GroupPath("/school"))])
        #expect(changed.passwordNumber == 3)
    }

    @Test func `a new account of a provider waits for its person, for some time`() throws {
        let new = try form(DeclaredAdministrator.self, #"{"name":"ben","source":"oidc"}"#)
        #expect(new.record(over: nil, at: 50).linkableUntil == 50 + Administrator.linkingSeconds)
        let directory = try form(DeclaredAdministrator.self, #"{"name":"ben","source":"ldap"}"#)
        #expect(directory.record(over: nil, at: 50).linkableUntil == nil)
    }

    @Test(arguments: ["king", "operator@school", "replica", ""])
    func `what is no role of people is refused`(role: String) {
        #expect(throws: DecodingError.self) {
            try form(DeclaredAdministrator.self, #"{"name":"ann","grants":["\#(role)"]}"#)
        }
    }

    @Test func `channels and keeps are named by their images`() throws {
        let channel = try form(DeclaredChannel.self, #"{"channel":"debian@stable","version":3}"#)
        #expect(channel.recordKey.description == "debian@stable")
        let stored = ImageChannel(number: 2, former: 1)
        #expect(channel.record(over: stored, at: 1) == ImageChannel(number: 3, former: 1))
        #expect(DeclaredChannel(stored, at: channel.recordKey).version == 2)
        #expect(throws: DecodingError.self) {
            try form(DeclaredChannel.self, #"{"channel":"debian","version":3}"#)
        }
        let keep = try form(DeclaredKeep.self, #"{"image":"debian","versions":5}"#)
        #expect(keep.record(over: nil, at: 1) == ImageKeep(count: 5))
        #expect(DeclaredKeep(ImageKeep(count: 5), at: keep.recordKey) == keep)
    }
}
