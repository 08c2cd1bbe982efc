"""Steps of a user's own, written once for Keras on TensorFlow and for fastnn: GANs, distillation, actor-critic.

A case is a function of `keras`, a tape class and a decorator of functions. It returns the values of five steps and the
variables that the steps moved, whose first values and data come from one `RandomState`. What is random in such a step,
such as noise, is data here.
"""

from __future__ import annotations

import numpy as np

CASES = {}
STEPS = 5


def case(function):
    """Adds a case under the name of its function."""
    CASES[function.__name__] = function
    return function


def _set(models, seed):
    """Gives models weights from one random state."""
    random = np.random.RandomState(seed)
    for model in models:
        model.set_weights([random.normal(0, 0.3, w.shape).astype("float32") ** (2 if "var" in v.path else 1)
                           for w, v in zip(model.get_weights(), model.weights, strict=True)])  # fmt: skip


def _weights(*models):
    return [weight for model in models for weight in model.get_weights()]


def _fit(model, data, names, y=None):
    """Returns the logs of five steps of one batch each."""
    found = []
    for _ in range(STEPS):
        logs = model.fit(data, y, batch_size=64, epochs=1, verbose=0, shuffle=False).history
        found.append([logs[name][0] for name in names])
    return found


def _mlp(keras, sizes, last=None):
    layers = [keras.layers.Dense(size, activation="relu") for size in sizes[1:-1]]
    return keras.Sequential([keras.Input((sizes[0],)), *layers, keras.layers.Dense(sizes[-1], activation=last)])


@case
def gan(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(1)

    class Gan(keras.Model):
        def __init__(self, discriminator, generator):
            super().__init__()
            self.discriminator, self.generator = discriminator, generator
            self.d_loss_tracker = keras.metrics.Mean(name="d_loss")
            self.g_loss_tracker = keras.metrics.Mean(name="g_loss")

        def compile(self, d_optimizer, g_optimizer, loss_fn):
            super().compile()
            self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

        @property
        def metrics(self):
            return [self.d_loss_tracker, self.g_loss_tracker]

        def train_step(self, data):
            real, noise, again = data[0]
            batch = ops.shape(real)[0]
            both = ops.concatenate([self.generator(noise), real], axis=0)
            labels = ops.concatenate([ops.ones((batch, 1)), ops.zeros((batch, 1))], axis=0)
            with tape_class() as tape:
                d_loss = self.loss_fn(labels, self.discriminator(both, training=True))
            weights = self.discriminator.trainable_weights
            self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
            with tape_class() as tape:
                predicted = self.discriminator(self.generator(again, training=True))
                g_loss = self.loss_fn(ops.zeros((batch, 1)), predicted)
            weights = self.generator.trainable_weights
            self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
            self.d_loss_tracker.update_state(d_loss)
            self.g_loss_tracker.update_state(g_loss)
            return {"d_loss": self.d_loss_tracker.result(), "g_loss": self.g_loss_tracker.result()}

    layers = keras.layers
    discriminator = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Conv2D(4, 3, strides=2, padding="same"), layers.LeakyReLU(negative_slope=0.2),
        layers.Conv2D(6, 3, strides=2, padding="same"), layers.LeakyReLU(negative_slope=0.2),
        layers.GlobalMaxPooling2D(), layers.Dense(1),
    ])  # fmt: skip
    generator = keras.Sequential([
        keras.Input((5,)), layers.Dense(4 * 4 * 3), layers.LeakyReLU(negative_slope=0.2), layers.Reshape((4, 4, 3)),
        layers.BatchNormalization(), layers.Conv2DTranspose(4, 4, strides=2, padding="same"), layers.ReLU(),
        layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
    ])  # fmt: skip
    _set([discriminator, generator], 2)
    model = Gan(discriminator, generator)
    model.compile(
        d_optimizer=keras.optimizers.Adam(0.003), g_optimizer=keras.optimizers.Adam(0.002),
        loss_fn=keras.losses.BinaryCrossentropy(from_logits=True),
    )  # fmt: skip
    data = [random.uniform(size=(7, 8, 8, 1)), random.normal(size=(7, 5)), random.normal(size=(7, 5))]
    data = [one.astype("float32") for one in data]
    return _fit(model, tuple(data), ["d_loss", "g_loss"]), _weights(discriminator, generator)


@case
def vae(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(3)

    class Vae(keras.Model):
        def __init__(self, encoder, decoder):
            super().__init__()
            self.encoder, self.decoder = encoder, decoder
            self.total = keras.metrics.Mean(name="loss")
            self.kl = keras.metrics.Mean(name="kl")

        @property
        def metrics(self):
            return [self.total, self.kl]

        def train_step(self, data):
            x, noise = data[0]
            with tape_class() as tape:
                mean, log_variance = ops.split(self.encoder(x), 2, axis=-1)
                z = mean + ops.exp(0.5 * log_variance) * noise
                rebuilt = self.decoder(z)
                rebuilding = ops.mean(ops.sum(keras.losses.binary_crossentropy(x, rebuilt)[:, None], axis=1))
                kl = -0.5 * (1 + log_variance - ops.square(mean) - ops.exp(log_variance))
                kl = ops.mean(ops.sum(kl, axis=1))
                loss = rebuilding + kl
            gradients = tape.gradient(loss, self.trainable_weights)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
            self.total.update_state(loss)
            self.kl.update_state(kl)
            return {m.name: m.result() for m in self.metrics}

    encoder, decoder = _mlp(keras, [6, 5, 4]), _mlp(keras, [2, 5, 6], "sigmoid")
    _set([encoder, decoder], 4)
    model = Vae(encoder, decoder)
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    data = random.uniform(size=(9, 6)).astype("float32"), random.normal(size=(9, 2)).astype("float32")
    return _fit(model, data, ["loss", "kl"]), _weights(encoder, decoder)


@case
def diffusion(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(5)

    class Diffusion(keras.Model):
        def __init__(self, network, average):
            super().__init__()
            self.network, self.average = network, average
            self.tracker = keras.metrics.Mean(name="n_loss")

        @property
        def metrics(self):
            return [self.tracker]

        def train_step(self, data):
            images, noises, times = data[0]
            angles = 0.1 + times * 1.4
            noisy = ops.cos(angles) * images + ops.sin(angles) * noises
            with tape_class() as tape:
                predicted = self.network([noisy, ops.sin(angles) ** 2], training=True)
                loss = ops.mean(ops.abs(noises - predicted))
            gradients = tape.gradient(loss, self.network.trainable_weights)
            self.optimizer.apply_gradients(zip(gradients, self.network.trainable_weights, strict=True))
            self.tracker.update_state(loss)
            for weight, slow in zip(self.network.weights, self.average.weights, strict=True):
                slow.assign(0.9 * slow + (1 - 0.9) * weight)
            return {m.name: m.result() for m in self.metrics}

    def network():
        images, variances = keras.Input((8, 8, 1)), keras.Input((1, 1, 1))
        up = keras.layers.UpSampling2D(8, interpolation="nearest")(variances)
        x = keras.layers.Concatenate()([images, up])
        x = keras.layers.Conv2D(4, 3, padding="same", activation="swish")(x)
        down = keras.layers.AveragePooling2D(2)(x)
        down = keras.layers.BatchNormalization(center=False, scale=False)(down)
        down = keras.layers.Conv2D(4, 3, padding="same", activation="swish")(down)
        x = keras.layers.Concatenate()([keras.layers.UpSampling2D(2, interpolation="bilinear")(down), x])
        return keras.Model([images, variances], keras.layers.Conv2D(1, 1)(x))

    first, slow = network(), network()
    _set([first], 6)
    slow.set_weights(first.get_weights())
    model = Diffusion(first, slow)
    model.compile(optimizer=keras.optimizers.AdamW(0.01, weight_decay=0.001))
    shapes = [(6, 8, 8, 1), (6, 8, 8, 1)]
    data = [random.normal(size=shape).astype("float32") for shape in shapes]
    data.append(random.uniform(size=(6, 1, 1, 1)).astype("float32"))
    return _fit(model, tuple(data), ["n_loss"]), _weights(first, slow)


@case
def distillation(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(7)

    class Distiller(keras.Model):
        def __init__(self, student, teacher):
            super().__init__()
            self.student, self.teacher = student, teacher

        def compile(self, optimizer, metrics, student_loss_fn, distillation_loss_fn, alpha=0.1, temperature=3):
            super().compile(optimizer=optimizer, metrics=metrics)
            self.student_loss_fn, self.distillation_loss_fn = student_loss_fn, distillation_loss_fn
            self.alpha, self.temperature = alpha, temperature

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, allow_empty=False, training=True):
            teacher = self.teacher(x, training=False)
            student_loss = self.student_loss_fn(y, y_pred)
            soft = self.distillation_loss_fn(
                ops.softmax(teacher / self.temperature, axis=1), ops.softmax(y_pred / self.temperature, axis=1)
            ) * (self.temperature**2)  # fmt: skip
            return self.alpha * student_loss + (1 - self.alpha) * soft

        def call(self, x):
            return self.student(x)

    student, teacher = _mlp(keras, [5, 6, 3]), _mlp(keras, [5, 9, 3])
    teacher.trainable = False
    _set([student, teacher], 8)
    model = Distiller(student, teacher)
    model.compile(
        optimizer=keras.optimizers.Adam(0.02), metrics=[keras.metrics.SparseCategoricalAccuracy()],
        student_loss_fn=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        distillation_loss_fn=keras.losses.KLDivergence(),
    )  # fmt: skip
    x, y = random.normal(size=(8, 5)).astype("float32"), random.randint(0, 3, 8).astype("int32")
    return _fit(model, x, ["loss", "sparse_categorical_accuracy"], y), _weights(student, teacher)


@case
def contrastive(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(9)

    class Contrastive(keras.Model):
        def __init__(self, encoder, head):
            super().__init__()
            self.encoder, self.head = encoder, head
            self.tracker = keras.metrics.Mean(name="c_loss")

        @property
        def metrics(self):
            return [self.tracker]

        def train_step(self, data):
            one, other = data[0]
            with tape_class() as tape:
                left = ops.normalize(self.head(self.encoder(one, training=True), training=True), axis=1)
                right = ops.normalize(self.head(self.encoder(other, training=True), training=True), axis=1)
                similarities = ops.matmul(left, ops.transpose(right)) / 0.1
                labels = ops.arange(ops.shape(left)[0])
                there = keras.losses.sparse_categorical_crossentropy(labels, similarities, from_logits=True)
                back = keras.losses.sparse_categorical_crossentropy(
                    labels, ops.transpose(similarities), from_logits=True
                )
                loss = (ops.mean(there) + ops.mean(back)) / 2
            weights = self.encoder.trainable_weights + self.head.trainable_weights
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            self.tracker.update_state(loss)
            return {"c_loss": self.tracker.result()}

    encoder, head = _mlp(keras, [6, 7, 5]), _mlp(keras, [5, 5, 4])
    _set([encoder, head], 10)
    model = Contrastive(encoder, head)
    model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9))
    data = tuple(random.normal(size=(6, 6)).astype("float32") for _ in range(2))
    return _fit(model, data, ["c_loss"]), _weights(encoder, head)


@case
def dqn(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(11)
    online, target = _mlp(keras, [4, 8, 8, 2]), _mlp(keras, [4, 8, 8, 2])
    _set([online], 12)
    target.set_weights(online.get_weights())
    optimizer, loss_fn = keras.optimizers.Adam(0.01, clipnorm=1.0), keras.losses.Huber()

    @function
    def step(states, actions, rewards, after, done):
        future = ops.max(target(after), axis=1)
        wanted = rewards + 0.99 * future * (1 - done)
        masks = ops.one_hot(actions, 2)
        with tape_class() as tape:
            values = ops.sum(online(states) * masks, axis=1)
            loss = loss_fn(wanted, values)
        gradients = tape.gradient(loss, online.trainable_variables)
        optimizer.apply_gradients(zip(gradients, online.trainable_variables, strict=True))
        for slow, weight in zip(target.trainable_variables, online.trainable_variables, strict=True):
            slow.assign(0.8 * slow + 0.2 * weight)
        return loss

    found = []
    for _ in range(STEPS):
        batch = [
            random.normal(size=(6, 4)), random.randint(0, 2, 6), random.normal(size=6), random.normal(size=(6, 4)),
            random.randint(0, 2, 6),
        ]  # fmt: skip
        batch = [one.astype("int32" if i == 1 else "float32") for i, one in enumerate(batch)]
        found.append([float(step(*batch))])
    return found, _weights(online, target)


@case
def actor_critic(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(13)
    inputs = keras.Input((4,))
    common = keras.layers.Dense(8, activation="tanh")(inputs)
    outputs = [keras.layers.Dense(3, activation="softmax")(common), keras.layers.Dense(1)(common)]
    model = keras.Model(inputs, outputs)
    _set([model], 14)
    optimizer, huber = keras.optimizers.RMSprop(0.01), keras.losses.Huber()

    @function
    def step(states, actions, returns):
        with tape_class() as tape:
            chances, values = model(states)
            values = ops.squeeze(values, axis=1)
            taken = ops.log(ops.sum(chances * ops.one_hot(actions, 3), axis=1))
            advantage = ops.stop_gradient(returns - values)
            entropy = -ops.mean(ops.sum(chances * ops.log(chances + 1e-8), axis=1))
            loss = -ops.mean(taken * advantage) + huber(returns, values) - 0.01 * entropy
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, entropy

    found = []
    for _ in range(STEPS):
        batch = random.normal(size=(5, 4)), random.randint(0, 3, 5), random.normal(size=5)
        made = step(batch[0].astype("float32"), batch[1].astype("int32"), batch[2].astype("float32"))
        found.append([float(one) for one in made])
    return found, _weights(model)


@case
def saliency(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(15)
    layers = keras.layers
    inputs = keras.Input((8, 8, 1))
    maps = layers.Conv2D(4, 3, activation="relu", name="last_conv")(inputs)
    outputs = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(maps))
    model = keras.Model(inputs, outputs)
    _set([model], 16)
    both = keras.Model(model.inputs, [model.get_layer("last_conv").output, model.output])

    @function
    def explained(images):
        with tape_class() as tape:
            found, chances = both(images)
            best = ops.max(chances, axis=1)
        slopes = tape.gradient(best, found)
        heat = ops.relu(ops.sum(found * ops.mean(slopes, axis=(1, 2), keepdims=True), axis=-1))
        with tape_class() as tape:
            tape.watch(images)
            score = ops.max(model(images), axis=1)
        return heat, tape.gradient(score, images)

    import_tensor = getattr(keras.ops, "convert_to_tensor")  # noqa: B009
    heat, slopes = explained(import_tensor(random.normal(size=(3, 8, 8, 1)).astype("float32")))
    return [[0.0]], [np.asarray(heat), np.asarray(slopes)]


@case
def adversarial(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(17)

    class Hardened(keras.Sequential):
        def train_step(self, data):
            x, y = data
            with tape_class() as tape:
                tape.watch(x)
                loss = self.compute_loss(x, y, self(x, training=True))
            worse = ops.stop_gradient(x + 0.1 * ops.sign(tape.gradient(loss, x)))
            with tape_class() as tape:
                loss = self.compute_loss(x, y, self(x, training=True)) + self.compute_loss(
                    worse, y, self(worse, training=True)
                )
            self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
            return {"hardened": loss}

    model = Hardened([keras.Input((6,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(3)])
    _set([model], 18)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = random.normal(size=(8, 6)).astype("float32"), random.randint(0, 3, 8).astype("int32")
    return _fit(model, x, ["hardened"], y), _weights(model)


@case
def accumulation(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(19)
    model = _mlp(keras, [4, 6, 1])
    _set([model], 20)
    sums = [keras.Variable(np.zeros(v.shape, "float32"), trainable=False) for v in model.trainable_variables]
    optimizer = keras.optimizers.SGD(0.1, momentum=0.5)

    @function
    def add(x, y):
        with tape_class() as tape:
            loss = ops.mean(ops.square(model(x, training=True) - y))
        for total, gradient in zip(sums, tape.gradient(loss, model.trainable_variables), strict=True):
            total.assign_add(gradient / 2.0)
        return loss

    @function
    def move(x):
        norm = ops.sqrt(sum(ops.sum(ops.square(total)) for total in sums))
        scale = 1.0 / ops.maximum(norm, 1.0)
        optimizer.apply([total * scale for total in sums], model.trainable_variables)
        for total in sums:
            total.assign(ops.zeros_like(total))
        return norm

    found = []
    for _ in range(STEPS):
        losses = [float(add(random.normal(size=(5, 4)).astype("float32"), random.normal(size=(5, 1)).astype("float32")))
                  for _ in range(2)]  # fmt: skip
        found.append([*losses, float(move(np.zeros((1, 1), "float32")))])
    return found, _weights(model)


@case
def two_tasks(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(21)
    inputs = keras.Input((5,))
    common = keras.layers.Dense(7, activation="relu", name="common")(inputs)
    first = keras.Model(inputs, keras.layers.Dense(1)(common))
    second = keras.Model(inputs, keras.layers.Dense(2)(common))
    _set([first, second], 22)
    optimizer = keras.optimizers.Adam(0.01)
    shared = first.get_layer("common").trainable_weights

    @function
    def step(x, y, z):
        with tape_class(persistent=True) as tape:
            one = ops.mean(ops.square(first(x) - y))
            two = ops.mean(ops.square(second(x) - z))
        of_one, of_two = tape.gradient(one, shared), tape.gradient(two, shared)
        # The gradient of the second task without what works against the first.
        dot = sum(ops.sum(a * b) for a, b in zip(of_one, of_two, strict=True))
        square = sum(ops.sum(a * a) for a in of_one)
        back = ops.minimum(dot, 0.0) / square
        together = [a + b - back * a for a, b in zip(of_one, of_two, strict=True)]
        heads = tape.gradient({"one": one, "two": two}, {"one": first.trainable_weights[2:],
                                                         "two": second.trainable_weights[2:]})  # fmt: skip
        weights = shared + first.trainable_weights[2:] + second.trainable_weights[2:]
        optimizer.apply(together + heads["one"] + heads["two"], weights)
        return one, two, dot

    found = []
    for _ in range(STEPS):
        batch = [random.normal(size=(6, n)).astype("float32") for n in (5, 1, 2)]
        found.append([float(one) for one in step(*batch)])
    return found, _weights(first, second)


@case
def own_loop(keras, tape_class, function):
    random = np.random.RandomState(23)
    model = keras.Sequential([
        keras.Input((6,)), keras.layers.Dense(7, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
        keras.layers.BatchNormalization(), keras.layers.Dense(3),
    ])  # fmt: skip
    _set([model], 24)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rates = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    optimizer = keras.optimizers.SGD(rates, nesterov=True, momentum=0.8)
    accuracy = keras.metrics.SparseCategoricalAccuracy()

    @function
    def step(x, y):
        with tape_class() as tape:
            logits = model(x, training=True)
            loss = loss_fn(y, logits) + sum(model.losses)
        optimizer.apply(tape.gradient(loss, model.trainable_weights), model.trainable_weights)
        accuracy.update_state(y, logits)
        return loss

    found = []
    for _ in range(STEPS):
        x, y = random.normal(size=(7, 6)).astype("float32"), random.randint(0, 3, 7).astype("int32")
        found.append([float(step(x, y)), float(accuracy.result())])
    return found, _weights(model)


@case
def wgan_gp(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(25)

    class Wgan(keras.Model):
        def __init__(self, critic, generator, rounds=2):
            super().__init__()
            self.critic, self.generator, self.rounds = critic, generator, rounds

        def compile(self, d_optimizer, g_optimizer):
            super().compile()
            self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

        def penalty(self, real, fake, shares):
            between = real + shares * (fake - real)
            with tape_class() as tape:
                tape.watch(between)
                found = self.critic(between, training=True)
            slopes = tape.gradient(found, [between])[0]
            norm = ops.sqrt(ops.sum(ops.square(slopes), axis=[1, 2, 3]))
            return ops.mean((norm - 1.0) ** 2)

        def train_step(self, data):
            real, noise, shares = data[0]
            for i in range(self.rounds):
                with tape_class() as tape:
                    fake = self.generator(noise[:, i], training=True)
                    cost = ops.mean(self.critic(fake, training=True)) - ops.mean(self.critic(real, training=True))
                    penalty = self.penalty(real, fake, shares)
                    d_loss = cost + 10.0 * penalty
                weights = self.critic.trainable_variables
                self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
            with tape_class() as tape:
                g_loss = -ops.mean(self.critic(self.generator(noise[:, -1], training=True), training=True))
            weights = self.generator.trainable_variables
            self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
            return {"d": d_loss, "g": g_loss, "penalty": penalty}

    layers = keras.layers
    critic = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Conv2D(4, 5, strides=2, padding="same"), layers.LeakyReLU(negative_slope=0.2),
        layers.Conv2D(4, 3, activation="tanh"), layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(1),
    ])  # fmt: skip
    generator = keras.Sequential([
        keras.Input((3,)), layers.Dense(16, use_bias=False), layers.BatchNormalization(), layers.Reshape((4, 4, 1)),
        layers.UpSampling2D(2), layers.Conv2D(1, 3, padding="same", activation="tanh"),
    ])  # fmt: skip
    _set([critic, generator], 26)
    model = Wgan(critic, generator)
    adam = dict(learning_rate=0.002, beta_1=0.5, beta_2=0.9)
    model.compile(keras.optimizers.Adam(**adam), keras.optimizers.Adam(**adam))
    data = random.normal(size=(6, 8, 8, 1)), random.normal(size=(6, 3, 3)), random.uniform(size=(6, 1, 1, 1))
    found = _fit(model, tuple(one.astype("float32") for one in data), ["d", "g", "penalty"])
    return found, _weights(critic, generator)


@case
def maml(keras, tape_class, function):
    ops = keras.ops
    random = np.random.RandomState(27)
    shapes = [(1, 8), (8,), (8, 1), (1,)]
    weights = [keras.Variable(random.normal(0, 0.5, shape).astype("float32")) for shape in shapes]
    optimizer = keras.optimizers.Adam(0.02)

    def network(x, w):
        return ops.matmul(ops.tanh(ops.matmul(x, w[0]) + w[1]), w[2]) + w[3]

    @function
    def step(x, y, more_x, more_y):
        with tape_class() as outer:
            with tape_class() as inner:
                loss = ops.mean(ops.square(network(x, weights) - y))
            adapted = [w - 0.1 * g for w, g in zip(weights, inner.gradient(loss, weights), strict=True)]
            after = ops.mean(ops.square(network(more_x, adapted) - more_y))
        optimizer.apply(outer.gradient(after, weights), weights)
        return loss, after

    found = []
    for _ in range(STEPS):
        batch = [random.normal(size=(5, 1)).astype("float32") for _ in range(4)]
        found.append([float(one) for one in step(*batch)])
    return found, [np.array(ops.convert_to_numpy(w)) for w in weights]
