/// Why a suite cannot be built, and what to do; mmdebstrap and apt say only the first.
enum SuiteProblem: Error, Equatable, CustomStringConvertible {
    case noKeyring(String)
    /// The mirrors have no package of that name.
    case noKernel(String, suite: String)
    /// They lack another package that was asked for.
    case noPackage(String, suite: String)
    /// No line of apt's, and no address.
    case noMirror(String)
    /// A mirror's host is not found, or does not answer.
    case unreachable(String)
    /// They have no such suite.
    case noSuite(String, hasMirrors: Bool)
    /// No trusted key has signed them.
    case untrusted(suite: String)
    /// Its programs do not run on this host.
    case foreign(architecture: String)

    /// Nil when it is none of these.
    ///
    /// - Parameter kernel: the kernel's package.
    init?(_ failure: ProgramFailure, _ recipe: ImageRecipe, kernel: String) {
        let output = failure.output
        if output.contains("Unable to locate package \(kernel)")
            || output.contains("Package \(kernel) is not available")
            || output.contains("Package '\(kernel)' has no installation candidate")
        {
            self = .noKernel(kernel, suite: recipe.suite)
        } else if let package = Self.missingPackage(in: output) {
            self = .noPackage(package, suite: recipe.suite)
        } else if let mirror = output.firstMatch(of: /invalid mirror: (\S+)/)?.1 {
            self = .noMirror(String(mirror))
        } else if let host = Self.silentHost(in: output) {
            self = .unreachable(host)
        } else if let architecture = recipe.architecture,
            output.contains("can neither be executed natively") || output.contains("arch-test")
        {
            self = .foreign(architecture: architecture)
        } else if output.contains("NO_PUBKEY") || output.contains("is not signed")
            || output.contains("the following signatures couldn't be verified")
        {
            self = .untrusted(suite: recipe.suite)
        } else if output.contains("does not have a Release file") || output.contains("404  Not Found") {
            self = .noSuite(recipe.suite, hasMirrors: !recipe.mirrors.isEmpty)
        } else {
            return nil
        }
    }

    private static func missingPackage(in output: String) -> String? {
        let unknown = output.firstMatch(of: /Unable to locate package (\S+)/)?.1
        let withdrawn = output.firstMatch(
            of: /Package '?([^\s']+)'? (?:has no installation|is not available)/)?.1
        return (unknown ?? withdrawn).map { String($0) }
    }

    /// apt's words for a name without an address, and for a host that does not answer.
    private static func silentHost(in output: String) -> String? {
        let nameless = output.firstMatch(of: /(?:failure resolving|Could not resolve) '([^']+)'/)?.1
        let silent = output.firstMatch(of: /(?:Could not|Unable to) connect to ([^\s:]+)/)?.1
        return (nameless ?? silent).map { String($0) }
    }

    var description: String {
        switch self {
        case .noKeyring(let path): "--keyring: \(path) cannot be read"
        case .noKernel(let package, let suite):
            "the mirrors of \(suite) have no package \(package): name its kernel (--kernel linux-image-generic for Ubuntu), and its components (--components)"
        case .noPackage(let package, let suite):
            "the mirrors of \(suite) have no package \(package): is its name right (--include), and is it in another component (--components main,contrib)?"
        case .noMirror(let text):
            "--mirror: ‘\(text)’ is neither http://HOST/PATH nor a line such as 'deb http://mirror.example/debian bookworm main'"
        case .unreachable(let host):
            "the mirror \(host) is not reached: does this host have a network and a name server, or is another mirror nearer (--mirror)?"
        case .noSuite(let suite, let hasMirrors):
            "there is no suite \(suite) on "
                + (hasMirrors
                    ? "the mirrors that --mirror names"
                    : "the mirrors of this host: name some that have it (--mirror), and the keys that sign them (--keyring)")
        case .untrusted(let suite):
            "the mirrors of \(suite) are not signed by a key that apt trusts on this host (--keyring FILE)"
        case .foreign(let architecture):
            "programs for \(architecture) do not run on this host: apt install qemu-user-static binfmt-support arch-test, or build on a host of that architecture"
        }
    }
}
