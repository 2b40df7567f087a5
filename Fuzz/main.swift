// roost-fuzz: feeds invented and damaged input to everything that reads from the network, from nodes or from disks: parsers alone, and the
// real services, with whole sessions.
//
// A target passes when it answers or throws; a trap ends this program, and its last line then tells how to repeat it.
// roost-fuzz [--seconds N | --inputs N] [--target NAME] [--seed N [--session N]]

import Foundation
import Glibc

/// Runs one session made from the noise, and returns its number of inputs.
typealias Session = (inout Noise) throws -> Int

/// Starts over with a clean state.
typealias Series = () throws -> Session

/// A target that takes input from outside.
struct Target {
    /// The number of sessions before it starts over, so that a session can be repeated without all earlier ones.
    static let seriesCount: UInt64 = 4_096

    var name: String
    /// Its share of the time: targets with whole sessions have more to find.
    var weight: Double
    /// Prepares the ground once, and returns a function that begins a series on it.
    var prepare: () throws -> Series

    init(name: String, weight: Double = 1, prepare: @escaping () throws -> Series) {
        self.name = name
        self.weight = weight
        self.prepare = prepare
    }
}

/// What is running, for the crash message.
struct Moment {
    var target = ""
    var seed: UInt64 = 0
    var session: UInt64 = 0
}

nonisolated(unsafe) var moment = Moment()

/// Reports what ended the program, and how to repeat it.
func sayLastWords() {
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGPROF] {
        signal(number) { number in
            let moment = unsafe moment
            let what =
                number == SIGPROF
                ? "did not end within a minute of the processor" : "trapped (signal \(number))"
            let words =
                "\n\(moment.target): \(what): --target \(moment.target) --seed \(moment.seed) --session \(moment.session)\n"
            let bytes = Array(words.utf8)
            _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
            Ground.clearAway()
            _exit(1)
        }
    }
}

/// From now on one minute of processor time, however long the program is stopped or other programs run first.
func limitTime() {
    var minute = itimerval()
    minute.it_value.tv_sec = 60
    unsafe setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &minute, nil)
}

/// Prints at once, even into a file.
func tell(_ text: String) {
    print(text)
    fflush(nil)
}

func option(_ name: String) -> String? {
    CommandLine.arguments.firstIndex(of: "--\(name)").flatMap { index in
        CommandLine.arguments.indices.contains(index + 1) ? CommandLine.arguments[index + 1] : nil
    }
}

/// A target and its progress through its sessions.
final class Run {
    let target: Target
    private let seed: UInt64
    private var series: Series?
    private var session: Session?
    private var next: UInt64
    private(set) var inputCount = 0

    init(_ target: Target, seed: UInt64, from session: UInt64 = 0) {
        self.target = target
        self.seed = seed
        next = session / Target.seriesCount * Target.seriesCount
    }

    /// Runs sessions until `isOver`, which is checked after every sixteenth one, or the end of a series.
    func go(until isOver: () -> Bool) throws {
        repeat {
            if series == nil { series = try target.prepare() }
            if session == nil || next % Target.seriesCount == 0 { session = try series?() }
            for _ in 0..<16 {
                unsafe moment = Moment(target: target.name, seed: seed, session: next)
                var noise = Noise(seed: seed ^ next &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(target.name.utf8.count))
                inputCount += try session?(&noise) ?? 0
                next += 1
            }
            if next % 1_024 == 0 { limitTime() }
        } while !isOver() && next % Target.seriesCount != 0
    }

    var nextSession: UInt64 { next }
}

sayLastWords()
// A client that leaves does not end the program.
signal(SIGPIPE, SIG_IGN)
let seed = option("seed").flatMap(UInt64.init) ?? UInt64(Date().timeIntervalSince1970)
let targets = (Parsers.targets + Conversations.targets).filter {
    option("target").map($0.name.contains) ?? true
}
let runs = targets.map { Run($0, seed: seed, from: option("session").flatMap(UInt64.init) ?? 0) }
tell("seed \(seed)")
let start = Date()
if let wanted = option("session").flatMap(UInt64.init) {
    for run in runs { try run.go { run.nextSession > wanted } }
} else if let wanted = option("inputs").flatMap(Int.init) {
    var told = start
    var count = 0
    while count < wanted {
        for run in runs {
            let end = Date().addingTimeInterval(0.2 * run.target.weight)
            try run.go { Date() >= end }
        }
        count = runs.reduce(0) { $0 + $1.inputCount }
        if Date().timeIntervalSince(told) > 60 || count >= wanted {
            told = Date()
            let rate = Int(Double(count) / max(1, told.timeIntervalSince(start)))
            let inSessions = runs.filter { $0.target.weight > 1 }.reduce(0) { $0 + $1.inputCount }
            tell(
                "\(told.formatted(.iso8601)): \(count) inputs, \(inSessions) in sessions, none trapped, \(rate) a second"
            )
        }
    }
} else {
    let seconds = option("seconds").flatMap(Double.init) ?? 10
    let whole = runs.reduce(0) { $0 + $1.target.weight }
    for run in runs {
        let end = Date().addingTimeInterval(seconds * run.target.weight / whole)
        while Date() < end { try run.go { Date() >= end } }
    }
}
for run in runs { tell("\(run.target.name): \(run.inputCount) inputs, none trapped") }
Ground.clearAway()
exit(0)
