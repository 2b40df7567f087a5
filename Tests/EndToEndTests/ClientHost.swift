import Foundation

/// The host beside the server on which other clients run.
enum ClientHost {
    /// Clients that are only unpacked: installed, they would serve this machine.
    static let programs = "\(BootLab.repository)/.build/clients"

    /// Once for all tests of a suite.
    static let made = Result {
        let host = try Neighbour("host", mac: "52:54:00:00:0a:01", address: "10.77.0.2")
        atexit { _ = try? BootLab.run("ip", ["netns", "del", BootLab.namespace(of: "host")]) }
        return host
    }

    @discardableResult
    static func run(_ arguments: String...) throws -> String { try made.get().run(arguments) }
}
