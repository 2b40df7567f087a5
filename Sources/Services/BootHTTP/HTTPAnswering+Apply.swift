import Fleet
import Sealing
import Wire

extension HTTPAnswering {
    /// `POST /node/MAC/apply?boot=ID` with a request by the ``RunKey`` that came with the configuration: returns the changed steps that the
    /// running node is to carry out, sealed to the new key in the request. Without that key there is nothing to be had, and a request is good
    /// for one order.
    func apply(
        _ request: HTTPRequestHead, body: [UInt8], machine: MACAddress, peer: IPv4Address, server: IPv4Address
    ) -> HTTPAnswer {
        guard request.method == "POST", let boot = request.query("boot") else {
            return .notAllowed("POST", "a running node posts its key here")
        }
        guard let order = context.runningSteps.number(for: machine, in: boot) else {
            return .error(403, "no steps are ordered for this boot, or they were fetched already")
        }
        guard let key = context.publicKey(in: body, of: machine, in: boot, order: order) else {
            return .error(
                403, "this request was not made for this order, with the key of this boot's configuration")
        }
        let asked = RunningSteps.Asked(boot: boot, address: peer, server: server)
        guard context.holdsConfiguration(machine, asking: asked) else { return Self.noConfiguration }
        let steps: [AppliedStep]
        do throws(UnreadableSetting) {
            steps = try context.takeSteps(for: machine, in: boot)
        } catch {
            context.limits.say(.http, .machine(machine), "\(machine): \(error)")
            return .error(500, "the server cannot read a setting of this node")
        }
        var list: [UInt8] = []
        steps.write(to: &list)
        guard let sealed = try? context.settings.key.seal(list, to: key, of: machine, in: boot) else {
            return .error(500, "the steps cannot be sealed")
        }
        return HTTPAnswer(status: 200, fields: [("Cache-Control", "no-store")], body: .bytes(sealed))
    }
}
