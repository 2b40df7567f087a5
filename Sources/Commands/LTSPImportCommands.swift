import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// `roost import`: the configuration of other programs.
struct ImportCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take over the configuration of other programs.",
        subcommands: [LTSConfImport.self, LTSPConfImport.self, LBSConfigImport.self])
}

/// `roost import lts-conf`.
struct LTSConfImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lts-conf", abstract: "Take over an lts.conf of LTSP 4 or 5.",
        discussion: """
            roost import lts-conf lts.conf --dry-run           what becomes of each line, and what would change
            roost import lts-conf lts.conf --host pc-7         the variables of one machine, and where they come from
            A file with an error is refused as a whole. Its includes are read beside it.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @OptionGroup var choice: LTSPImportOptions
    @Argument(help: "The file.", completion: .file()) var file: String

    func run() async throws {
        try await reportingFailure {
            let conf = LTSConf(
                try LTSPInput.bytes(file), file: LTSPInput.name(file),
                including: { LTSPInput.included($0, beside: file) })
            guard let machine = choice.machine else {
                return try await LTSPImportRun(file: .lts(conf), dryRun: choice.dryRun).run(server, output)
            }
            let variables = conf.variables(of: machine, kernelLine: choice.kernel ?? "")
            let answer = LTSPMachineAnswer(
                vars: variables,
                hooks: ["PREINIT_", "INIT_COMMAND_", "RCFILE_"].flatMap(variables.inVersionOrder),
                lines: ["FSTAB_", "HOSTS_", "MODULE_", "CRONTAB_"].flatMap(variables.inVersionOrder),
                problems: conf.problems)
            try answer.write(output)
        }
    }
}

/// `roost import ltsp-conf`.
struct LTSPConfImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ltsp-conf", abstract: "Take over an ltsp.conf of LTSP 19 or later.",
        discussion: """
            roost import ltsp-conf ltsp.conf --dry-run         what becomes of each line, and what would change
            roost import ltsp-conf ltsp.conf --host pc-7       the variables of one machine, and where they come from
            A file with an error is refused as a whole. Nothing in it is run.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @OptionGroup var choice: LTSPImportOptions
    @Flag(help: "With a machine: it is a server, not a client.") var onServer = false
    @Option(help: "With a machine: the applet that reads the file.") var applet = "init"
    @Argument(help: "The file.", completion: .file()) var file: String

    func run() async throws {
        try await reportingFailure {
            let conf = LTSPConf(try LTSPInput.bytes(file), file: LTSPInput.name(file))
            guard let machine = choice.machine else {
                return try await LTSPImportRun(file: .ltsp(conf), dryRun: choice.dryRun).run(server, output)
            }
            let variables = conf.variables(
                of: machine, LTSPConf.Reading(isServer: onServer, applet: applet),
                kernelLine: choice.kernel ?? "")
            let hook =
                "\(applet.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }.map(String.init).joined())_"
            let answer = LTSPMachineAnswer(
                vars: variables, hooks: ["PRE_\(hook)", "POST_\(hook)"].flatMap(variables.inByteOrder),
                lines: ["FSTAB_", "CRONTAB_", "HOSTS_", "PASSWORDS_"].flatMap(variables.inByteOrder),
                problems: conf.problems)
            try answer.write(output)
        }
    }
}

/// What both imports take.
struct LTSPImportOptions: ParsableArguments {
    @Flag(
        name: [.long, .customLong("plan")],
        help: "Show what becomes of each line and what would change, and save nothing.")
    var dryRun = false
    @Option(help: "Show the variables of the machine with this hardware address.") var mac: String?
    @Option(help: "Show the variables of the machine with this address.") var ip: String?
    @Option(help: "Show the variables of the machine with this host name.") var host: String?
    @Option(help: "With a machine: its kernel command line, for ltsp.NAME=VALUE in it.") var kernel: String?

    func validate() throws {
        if let mac, !mac.isEmpty, MACAddress(mac) == nil {
            throw ValidationError("--mac: ‘\(mac)’ is not a hardware address")
        }
        if let ip, !ip.isEmpty, IPv4Address(ip) == nil {
            throw ValidationError("--ip: ‘\(ip)’ is not an IPv4 address")
        }
    }

    /// Nil where the file as a whole is imported.
    var machine: LTSPMachine? {
        guard mac != nil || ip != nil || host != nil else { return nil }
        let card = mac.flatMap { MACAddress($0) }.map(\.description)
        return LTSPMachine(macAddress: card ?? mac ?? "", address: ip ?? "", hostName: host ?? "")
    }
}

/// The effective variables of one machine.
struct LTSPMachineAnswer: Encodable {
    var vars: [LTSPVariable]
    /// Commands, in the order in which they ran.
    var hooks: [LTSPVariable]
    /// Lines of files, in their order.
    var lines: [LTSPVariable]
    var problems: [LTSPProblem]

    func write(_ output: AnswerOptions) throws {
        try output.write(self) { answer in
            // Last what may be long: a command.
            var table = TextTable(["VARIABLE", "FROM", "VALUE"])
            for variable in answer.vars {
                table.add([variable.name, variable.place.description, variable.value])
            }
            return table.text
        }
        LTSPImportRun.tell(problems, output)
        if problems.contains(where: \.isError) { throw ExitCode(1) }
    }
}

/// Files that a command names, and those that they include.
private enum LTSPInput {
    private static let byteLimit = 8 << 20

    static func bytes(_ path: String) throws -> [UInt8] {
        if path == "-" { return Array(FileHandle.standardInput.readData(ofLength: byteLimit)) }
        guard let bytes = read(path) else { throw InputFile.failure(path) }
        return bytes
    }

    static func name(_ path: String) -> String {
        path == "-" ? "standard input" : URL(fileURLWithPath: path).lastPathComponent
    }

    /// Where it stands; else the file of that name beside the main one, because the paths are those of an image.
    static func included(_ path: String, beside main: String) -> [UInt8]? {
        let beside = URL(fileURLWithPath: main).deletingLastPathComponent()
            .appendingPathComponent(URL(fileURLWithPath: path).lastPathComponent)
        return read(beside.path)
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        // At its end at once, an empty file has no data, which is no error.
        do { return Array(try handle.read(upToCount: byteLimit) ?? Data()) } catch { return nil }
    }
}
