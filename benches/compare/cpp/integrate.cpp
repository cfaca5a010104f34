#include "fork.hpp"
#include "suite.hpp"

#include <cmath>

namespace {

constexpr double epsilon = 1e-9;

double height(double x) { return (x * x + 1.0) * x; }

double area(double x1, double y1, double x2, double y2, double known) {
    double half = (x2 - x1) / 2.0;
    double x0 = x1 + half;
    double y0 = height(x0);
    double left = (y1 + y0) / 2.0 * half;
    double right = (y0 + y2) / 2.0 * half;
    double both = left + right;
    if (both - known < epsilon && known - both < epsilon) {
        return both;
    }
    join([&, known = left] { left = area(x1, y1, x0, y0, known); },
         [&, known = right] { right = area(x0, y0, x2, y2, known); });
    return left + right;
}

class Integrate : public Program {
  public:
    explicit Integrate(Size size) : to(pick(size, 10'000.0, 10.0)) {}

    void run() override { result = area(0.0, height(0.0), to, height(to), 0.0); }

    bool right() const override {
        double exact = to * to * (to * to / 4.0 + 0.5);
        return std::abs(result / exact - 1.0) < 5e-9;
    }

  private:
    double to;
    double result = 0;
};

} // namespace

std::unique_ptr<Program> make_integrate(Size size) { return std::make_unique<Integrate>(size); }
