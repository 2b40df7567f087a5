import Foundation
import Testing

/// A Debian under systemd on the laboratory's network (`Lab/container.sh`), with Roost's packages in `/debs` and their dependencies in
/// `/packages`; its loaders are this machine's.
struct DebianContainer {
    /// Why there cannot be one here; nil when there can.
    static let obstacle: String? = {
        do {
            let words = try command("obstacle").trimmingCharacters(in: .whitespacesAndNewlines)
            return words.isEmpty ? nil : words
        } catch { return "\(error)" }
    }()

    private static let packages = "\(BootLab.directory)/packages"

    init() throws {
        try BootLab.makeGolden("debian")
        _ = try? BootLab.lab("down")
        try? FileManager.default.removeItem(atPath: BootLab.directory)
        try FileManager.default.createDirectory(atPath: Self.packages, withIntermediateDirectories: true)
        atexit { _ = try? BootLab.lab("down") }
        try BootLab.lab("up")
        try Spans.measure("packages", "built twice") { try Self.build() }
        let versions = "\(BootLab.golden)/debian/state/images/debian"
        let version = try #require(
            FileManager.default.contentsOfDirectory(atPath: versions).first { !$0.hasPrefix(".") })
        let root = "\(versions)/\(version)/root.squashfs"
        try Self.command("fetch", root, "\(Self.packages)/roost.deb", "\(Self.packages)/roost-node.deb")
        // Debian's ipxe.efi is a link to another directory.
        let iPXE = URL(fileURLWithPath: "/usr/lib/ipxe/ipxe.efi").resolvingSymlinksInPath().path
        let loaders = ["/usr/lib/ipxe", "/usr/lib/shim", "/usr/lib/grub", iPXE].map { "--bind-ro=\($0)" }
        let image = try FileManager.default.destinationOfSymbolicLink(atPath: "\(BootLab.golden)/root")
        try Self.command(
            ["up", root, "--bind-ro=\(Self.packages):/debs", "--bind-ro=\(image):/tiny"] + loaders)
    }

    /// The packages as built, and the same with a higher version: NAME.deb and NAME-next.deb.
    private static func build() throws {
        let script = """
            make --no-print-directory manual-pages
            COMPRESSION=none Packaging/debian/build.sh "$1"
            cd "$1"
            for package in roost roost-node; do
              mv ${package}_*.deb $package.deb
              dpkg-deb --raw-extract $package.deb next
              sed -i -e 's/^Version: .*/&+next/' -e 's/roost-node (= [^)]*/&+next/' next/DEBIAN/control
              dpkg-deb --root-owner-group -Znone --build next $package-next.deb
              rm -r next
            done
            """
        try BootLab.run("sh", ["-euc", script, "sh", packages], in: BootLab.repository)
    }

    /// Runs a shell script in it, and returns its output.
    @discardableResult
    func callAsFunction(_ script: String) throws -> String {
        try Self.command("exec", "sh", "-euc", script)
    }

    /// Installs packages with apt from files.
    func install(_ files: String) throws {
        try self("apt-get -qq -o Dpkg::Use-Pty=0 --no-install-recommends install \(files) </dev/null")
    }

    /// Restarts its system, and waits until that is up.
    func restart() throws { try Self.command("restart") }

    @discardableResult
    private static func command(_ words: String...) throws -> String { try command(words) }

    @discardableResult
    private static func command(_ words: [String]) throws -> String {
        try BootLab.run(
            "\(BootLab.repository)/Lab/container.sh", words,
            environment: [
                "LAB_DIR": BootLab.directory, "LAB_NS": BootLab.namespace,
                "LAB_PACKAGES": "\(BootLab.cache)/apt",
            ])
    }
}
