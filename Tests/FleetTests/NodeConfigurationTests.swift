import Testing
import Wire

@testable import Fleet

/// The files that Roost writes into a node's root.
@Suite struct NodeConfigurationTests {
    private func archive(domain: String) throws -> String {
        var policy = Sample.policy()
        policy.domain = domain
        let bytes = configurationArchive(
            of: try NodeContents(
                for: Sample.mac, being: nil, in: try Sample.snapshot(), policy: policy,
                hostKey: { _, _ in HostKeyFiles(privateFile: "", publicLine: "") }))
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a node looks up short names in the site's domain`() throws {
        let archive = try archive(domain: "school.example")
        #expect(archive.contains("resolv.conf") && archive.contains("search school.example\n"))
        #expect(try !self.archive(domain: "").contains("search"))
    }
}
