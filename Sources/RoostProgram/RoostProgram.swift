import RoostCommand

/// The product `roost`. It is apart from its commands because what it is linked with (`Package.swift`) must not reach the tests.
@main
enum RoostProgram {
    static func main() async { await runRoost() }
}
