import Fleet
import Linux
import Sealing
import Testing
import Wire

@testable import Services

/// `lts.conf` as old clients ask for it.
@Suite struct VariableFileTests {
    private let own = MACAddress(rawValue: 0x0200_0000_0001)
    private let address: IPv4Address
    private let stranger: IPv4Address

    init() throws {
        address = try #require(IPv4Address("10.77.0.50"))
        stranger = try #require(IPv4Address("10.77.0.51"))
    }

    private func kept(_ text: String, _ scope: KeptScope) -> KeptFile {
        KeptFile(
            scope, path: "/etc/roost/lts.conf", dialect: .lts, main: "lts.conf",
            ["lts.conf": Array(text.utf8)])
    }

    private func context() throws -> BootContext {
        var contents = FleetSnapshot.Contents()
        let node = Node(
            name: try NodeName("pc-1"), macAddresses: [own],
            settings: ["lts.SOUND": .text("False"), "lts.VOLUME": .text("")])
        contents.nodes[node.name] = node
        contents.groups[.site] = NodeGroup(path: .site)
        let trusty = try ImageName("trusty")
        contents.images[trusty] = ImageCatalogue(name: trusty, versions: [], channels: [:])
        let other = try ImageName("other")
        contents.images[other] = ImageCatalogue(name: other, versions: [], channels: [:])
        contents.keptFiles[.site] = kept(
            """
            [default]
            TIMEZONE = Europe/Rome
            SOUND = True
            VOLUME = 40
            LDM_PASSWORD = tiger
            RCFILE_1 = "kubeadm join --token abc.def 10.0.0.1"
            [02:00:00:00:00:01]
            X_MODE_0 = 1024x768
            LDM_USERNAME = "kiosk \\"one\\""
            [02:00:00:00:00:02]
            LDM_PASSWORD = lion

            """, .site)
        contents.keptFiles[.image(trusty)] = kept("[default]\nSERVER = 10.0.0.9\n", .image(trusty))
        let context = try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: BootPolicy(server: .loopback, loaders: [], nodeArchives: [:]), imageStore: "",
                volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:], key: ServerKey(),
                secrets: NodeSecrets()),
            snapshot: FleetSnapshot(revision: 1, contents: contents), tracker: BootTracker(), send: { _ in })
        let (own, address, network) = (own, address, try #require(IPv4Network("10.77.0.0/24")))
        context.told.holder = { asked in
            asked == address ? (own, ClientAddress(address: address, network: network)) : nil
        }
        context.told.isGiven = { _ in true }
        return context
    }

    private func text(_ path: String, for peer: IPv4Address) throws -> String? {
        switch try context().content(at: path, for: peer, server: .loopback) {
        case .text(let text, _): text
        default: nil
        }
    }

    @Test(arguments: [
        "lts.conf", "ltsp/i386/lts.conf", "ltsp/amd64/LTS.conf", "node/02:00:00:00:00:01/lts.conf",
    ])
    func `a node gets what applies to it, and reads it as it was written`(path: String) throws {
        let text = try #require(try text(path, for: address))
        let variables = LTSConf(Array(text.utf8)).variables(of: LTSPMachine())
        #expect(
            Dictionary(uniqueKeysWithValues: variables.map { ($0.name, $0.value) }) == [
                "TIMEZONE": "Europe/Rome", "SOUND": "False", "LDM_PASSWORD": "tiger",
                "RCFILE_1": "kubeadm join --token abc.def 10.0.0.1", "X_MODE_0": "1024x768",
                "LDM_USERNAME": "kiosk \"one\"",
            ])
        #expect(!text.contains("lion"))
    }

    @Test func `without a lease of a node there are no secrets, and nothing of other machines`() throws {
        let text = try #require(try text("ltsp/i386/lts.conf", for: stranger))
        #expect(text.contains("TIMEZONE=\"Europe/Rome\"") && text.contains("SOUND=\"True\""))
        for secret in ["tiger", "lion", "abc.def", "X_MODE_0"] {
            #expect(!text.contains(secret), "\(secret)")
        }
        #expect(text.contains("# LDM_PASSWORD is only for the machine"))
        #expect(try self.text("node/02:00:00:00:00:01/lts.conf", for: stranger) == nil)
    }

    /// A card's address proves nothing where a TPM decides who gets a configuration.
    @Test func `a node that a TPM identifies gets no passwords in clear`() throws {
        let tpm = BoundTPM(
            node: try NodeName("pc-1"), tpm: TPMIdentity(endorsement: "e", attestation: "a", kind: .ecc),
            boundAt: 1)
        func text(_ use: TPMUse, isBound: Bool) throws -> String {
            let context = try context()
            var contents = context.snapshot.contents
            contents.groups[.site] = NodeGroup(path: .site, settings: ["tpm": .text(use.rawValue)])
            context.swap(FleetSnapshot(revision: 2, contents: contents))
            if isBound { context.swap(context.snapshot.observing { $0.tpms[tpm.node] = tpm }) }
            guard
                case .text(let text, _) = try context.content(
                    at: "ltsp/i386/lts.conf", for: address, server: .loopback)
            else { return "" }
            return text
        }
        for guarded in [try text(.use, isBound: true), try text(.require, isBound: false)] {
            #expect(guarded.contains("X_MODE_0=\"1024x768\""))
            #expect(!guarded.contains("tiger") && !guarded.contains("abc.def"))
        }
        for open in [try text(.use, isBound: false), try text(.ignore, isBound: true)] {
            #expect(open.contains("tiger") && open.contains("abc.def"))
        }
    }

    @Test func `a directory that names an image has that image's file`() throws {
        for path in ["ltsp/trusty/lts.conf", "ltsp-trusty/i386/lts.conf", "trusty/lts.conf"] {
            #expect(try text(path, for: stranger)?.contains("SERVER=\"10.0.0.9\"") == true, "\(path)")
        }
        #expect(try text("ltsp/other/lts.conf", for: stranger)?.contains("SERVER") == false)
    }

    @Test func `where nothing is set there is no such file`() throws {
        let context = try context()
        context.swap(FleetSnapshot(revision: 2, nodes: [], groups: [], images: []))
        let content = try context.content(at: "ltsp/i386/lts.conf", for: address, server: .loopback)
        #expect(content == nil)
        #expect(try text("ltsp/i386/ltsp.conf", for: address) == nil)
        #expect(try text("a/b/c/lts.conf", for: address) == nil)
    }
}
