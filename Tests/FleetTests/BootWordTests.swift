import Foundation
import Testing
import Wire

@testable import Fleet

/// The words between the server and the programs on a node: one side writes what the other reads.
@Suite struct BootWordTests {
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")

    /// The files in a directory of the sources, as one text.
    private static func text(of directory: String, _ suffix: String) throws -> String {
        let base = sources.appendingPathComponent(directory)
        return try FileManager.default.contentsOfDirectory(atPath: base.path).sorted()
            .filter { $0.hasSuffix(suffix) }
            .map { try String(contentsOf: base.appendingPathComponent($0), encoding: .utf8) }.joined()
    }

    private static func scripts() throws -> String { try text(of: "Images/NodeScripts", ".sh") }

    /// The words that the scripts read from the kernel's command line.
    private func readByScripts() throws -> Set<String> {
        let parameters = try String(
            contentsOf: Self.sources.appendingPathComponent("Images/NodeScripts/parameters.sh"),
            encoding: .utf8)
        return Set(
            parameters.matches(of: /(?m)^ +([A-Za-z][\w.-]*)=[^\n)]*\)[ ]/).map { String($0.output.1) })
    }

    /// The words that `roost-node` reads.
    private func readByProgram() throws -> Set<String> {
        let text = try Self.text(of: "NodeWork", ".swift")
        let names = Set(text.matches(of: /words\[\.(\w+)\]/).map { String($0.output.1) })
        return Set(BootWord.allCases.filter { names.contains("\($0)") }.map(\.rawValue))
    }

    /// The words of many boots: all root modes and kinds of address, with and without a trial.
    private func written() throws -> Set<String> {
        var names: Set<String> = []
        var policy = Sample.policy()
        policy.nfs = NFSDirectories(images: "/s/images", trees: "/s/trees")
        policy.netconsolePort = 6_666
        let lease = ClientAddress(
            address: Sample.server, network: try #require(IPv4Network("10.77.0.0/24")),
            router: Sample.server, nameServers: [Sample.server], leaseSeconds: 60)
        for (mode, disk) in RootMode.allCases.flatMap({ [($0, ""), ($0, "data")] }) {
            for address in [nil, lease] {
                let settings = EffectiveSettings(levels: [
                    (
                        .group(.site),
                        [
                            "root-mode": .text(mode.rawValue), "persistent-disk": .text(disk),
                            "persistent-directories": .list(["/srv"]), "netconsole": .boolean(true),
                            "swap": .list(["disk", "zram", "server:1G"]),
                        ]
                    )
                ])
                for trial in [nil, Rollout.Terms()] {
                    let choice = ChosenVersion(
                        version: try Sample.version("debian", 1, "a"), because: "", trial: trial)
                    let words = try kernelCommandLine(
                        for: BootIdentity(macAddress: Sample.mac, address: address, boot: "0123456789abcdef"),
                        named: try NodeName("pc-1"), choice, settings: settings, volume: nil, policy: policy)
                    names.formUnion(words.map { String($0.prefix { $0 != "=" }) })
                }
            }
        }
        return names
    }

    @Test func `a word written by the server is read on the node, and vice versa`() throws {
        let table = Set(BootWord.allCases.map(\.rawValue))
        let forPeople = Set(BootWord.allCases.filter(\.isForPeople).map(\.rawValue))
        let read = try readByScripts().union(readByProgram())
        #expect(read == table)
        // The kernel's own words are excluded.
        let own: Set = ["panic", "net.ifnames", "console"]
        #expect(try written().subtracting(own) == table.subtracting(forPeople))
        #expect(
            try readByProgram() == [
                "roost.http", "BOOTIF", "roost.boot", "ip", "roost.lease", "roost.nfs", "roost.nfs-root",
            ])
    }

    @Test func `no word is written as plain text`() throws {
        for directory in ["Fleet/Boot", "NodeWork", "Images"] {
            let text = try Self.text(of: directory, ".swift")
            for word in BootWord.allCases where word.rawValue.hasPrefix("roost.") {
                #expect(!text.contains("\"\(word.rawValue)"), "\(directory): \(word.rawValue)")
            }
        }
    }

    @Test func `the values of words are those that the scripts know`() throws {
        let scripts = try Self.scripts()
        let modes = try #require(
            scripts.firstMatch(of: /case \$roost_root in\n([\s\S]*?)\nesac/)?.output.1)
        for mode in RootMode.allCases {
            #expect(
                modes.contains(try Regex("(?m)^ +([a-z]+ \\| )*\(mode.rawValue)( \\| [a-z]+)*\\)")), "\(mode)"
            )
        }
        let acts = try #require(
            scripts.firstMatch(of: /case \$roost_failure in\n([\s\S]*?)\n    esac/)?.output.1)
        // Any other value means retry.
        for act in FailureAct.allCases where act != .retry {
            #expect(acts.contains("        \(act.rawValue))"), "\(act)")
        }
        #expect(scripts.contains("\"$roost_nfs_root\" = \(NFSRoot.own.rawValue)"))
        for place in ["zram:*)", "disk)", "swap/*)"] { #expect(scripts.contains("        \(place)")) }
    }

    @Test func `the parts of a node's configuration are those that the scripts read from it`() throws {
        let taken = Set(
            try Self.scripts().matches(of: /\/run\/roost\/configuration\/([\w.-]+)/).map {
                String($0.output.1)
            })
        // `roost-node` reads the files; the rest is for nodes that booted before the server was upgraded.
        #expect(taken == Set([ConfigurationEntry.steps, .volumeKey, .marks, .runKey].map(\.rawValue)))
        let snapshot = try Sample.snapshot(site: ["root-password-hash": .text("$y$a")])
        let archive = configurationArchive(
            of: try NodeContents(
                for: Sample.mac, being: nil, in: snapshot, policy: Sample.policy(),
                hostKey: { _, _ in HostKeyFiles(privateFile: "", publicLine: "") }), volumeKey: [1],
            running: RunningKeys(key: [1]) { _ in "a" })
        let text = String(decoding: archive, as: UTF8.self)
        for entry in ConfigurationEntry.allCases {
            #expect(text.contains("\(entry.rawValue)\0") || text.contains("\(entry.rawValue)/"), "\(entry)")
        }
    }
}
