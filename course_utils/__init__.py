"""The package behind the lessons on generative adversarial networks and variational autoencoders.

One file for each idea, in the order in which the lessons meet them:

    data       image data sets in [0, 1], split three ways: load("digits"), your own pictures in grey or colour
    points     mixtures of Gaussians in the plane, where everything that a model does can be seen
    networks   generators (which are also decoders), discriminators and encoders
    losses     adversarial losses, gradient penalties, likelihoods and the KL divergence, as functions of tensors
    gan        GAN: two players and their steps
    vae        VAE: encode, reparameterize, decode, one bound
    training   fit: the one loop, which can be watched, interrupted and resumed
    metrics    how good are samples? Fréchet distance, precision and recall, coverage, sharpness
    judge      the networks that judge: a classifier, and what is measured in its features
    latent     a space of codes: walks through it, and priors fitted to it
    hybrids    VAEGAN and BiGAN: what an encoder and a second loss add to the other family
    diffusion  Diffusion: images sink into noise, and a network learns the way back
    claims     verify: a statement of a lesson, checked each time that the lesson runs

What serves them lives in folders:

    plumbing     what `fit` stands on: checkpoints, history, devices, several processes, faster steps, files, downloads
    show         what a notebook shows: figures, tables, sliders
    playground   lesson 04: small GANs in the plane, stepped by hand or trained ten at a time
    comparison   lessons 07 and 08: what a fair comparison measures
    applications lessons 09 to 11: what VAEs and GANs are used for, each use beside its baselines, and what they may do
    exercises    the exercises of each lesson, and the checker that names a mistake
"""
